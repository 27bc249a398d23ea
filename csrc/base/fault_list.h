/* The fault codes of the wire and what they become. */
#ifndef ARPC_BASE_FAULT_LIST_H
#define ARPC_BASE_FAULT_LIST_H

/* X(name, wire code, status on the client, sent for: 1 when the status is encoded as this code) */
#define ARPC_FAULT_MAP(X) \
  X("nca_s_fault_int_div_by_zero", 0x1C000001, 1767, 0) \
  X("nca_s_fault_addr_error", 0x1C000002, 1768, 0) \
  X("nca_s_fault_fp_div_zero", 0x1C000003, 1769, 0) \
  X("nca_s_fault_fp_underflow", 0x1C000004, 1770, 0) \
  X("nca_s_fault_fp_overflow", 0x1C000005, 1771, 0) \
  X("nca_s_fault_invalid_tag", 0x1C000006, 1733, 1) \
  X("nca_s_fault_invalid_bound", 0x1C000007, 1734, 1) \
  X("nca_rpc_version_mismatch", 0x1C000008, 1728, 0) \
  X("nca_unspec_reject", 0x1C000009, 1726, 0) \
  X("nca_s_bad_actid", 0x1C00000A, 1727, 0) \
  X("nca_who_are_you_failed", 0x1C00000B, 1726, 0) \
  X("nca_manager_not_entered", 0x1C00000C, 1727, 1) \
  X("nca_s_fault_cancel", 0x1C00000D, 1818, 1) \
  X("nca_s_fault_ill_inst", 0x1C00000E, 1768, 0) \
  X("nca_s_fault_fp_error", 0x1C00000F, 1771, 0) \
  X("nca_s_fault_int_overflow", 0x1C000010, 1768, 0) \
  X("nca_s_fault_unspec", 0x1C000012, 1726, 1) \
  X("nca_s_fault_remote_comm_failure", 0x1C000013, 0x1C000013, 0) \
  X("nca_s_fault_pipe_empty", 0x1C000014, 1918, 1) \
  X("nca_s_fault_pipe_closed", 0x1C000015, 1916, 1) \
  X("nca_s_fault_pipe_order", 0x1C000016, 1831, 1) \
  X("nca_s_fault_pipe_discipline", 0x1C000017, 1917, 1) \
  X("nca_s_fault_pipe_comm_error", 0x1C000018, 1820, 0) \
  X("nca_s_fault_pipe_memory", 0x1C000019, 14, 0) \
  X("nca_s_fault_context_mismatch", 0x1C00001A, 6, 1) \
  X("nca_s_fault_remote_no_memory", 0x1C00001B, 1130, 0) \
  X("nca_invalid_pres_context_id", 0x1C00001C, 1728, 0) \
  X("nca_unsupported_authn_level", 0x1C00001D, 1821, 0) \
  X("nca_invalid_checksum", 0x1C00001F, 1727, 0) \
  X("nca_invalid_crc", 0x1C000020, 1727, 0) \
  X("nca_s_fault_user_defined", 0x1C000021, 0x1C000021, 0) \
  X("nca_s_fault_tx_open_failed", 0x1C000022, 0x1C000022, 0) \
  X("nca_s_fault_codeset_conv_error", 0x1C000023, 0x1C000023, 0) \
  X("nca_s_fault_object_not_found", 0x1C000024, 0x1C000024, 0) \
  X("nca_s_fault_no_client_stub", 0x1C000025, 0x1C000025, 0) \
  X("nca_s_comm_failure", 0x1C010001, 1820, 1) \
  X("nca_s_op_rng_error", 0x1C010002, 1745, 1) \
  X("nca_s_unk_if", 0x1C010003, 1717, 1) \
  X("nca_s_wrong_boot_time", 0x1C010006, 0x1C010006, 0) \
  X("nca_s_you_crashed", 0x1C010009, 1726, 0) \
  X("nca_s_proto_error", 0x1C01000B, 1728, 1) \
  X("nca_s_out_args_too_big", 0x1C010013, 1130, 0) \
  X("nca_s_server_too_busy", 0x1C010014, 1723, 1) \
  X("nca_s_fault_string_too_long", 0x1C010015, 0x1C010015, 0) \
  X("nca_s_unsupported_type", 0x1C010017, 1732, 1)

/* Statuses whose wire code is not the one that decodes to them: X(status, wire code) */
#define ARPC_FAULT_SENT_MAP(X) \
  X(14, 0x1C00001B) \
  X(1715, 0x1C010014) \
  X(1778, 0x1C00001A) \
  X(0xC0000094, 0x1C000001) \
  X(0xC000008E, 0x1C000003) \
  X(0xC0000093, 0x1C000004) \
  X(0xC0000091, 0x1C000005) \
  X(0xC0000090, 0x1C00000F) \
  X(0xC0000095, 0x1C000010)

/* Hardware exceptions: never sent, and 1728 when received. */
#define ARPC_FAULT_FORBIDDEN_MAP(X) \
  X(0x80000001) X(0x80000002) X(0x80000003) X(0xC0000005) X(0xC0000006) X(0xC000001D) X(0xC0000096) \
  X(0xC00000AA) X(0xC00000FD) X(0xC0000194) X(0xC0000235) X(0xC0000409) X(0xC0000420)

#endif
