/* Bugs planted on purpose, to see that the fuzz targets find them: 1 in a build made with -DARPC_PLANT_n=1,
 * 0 in every other. */
#ifndef ARPC_BASE_PLANT_H
#define ARPC_BASE_PLANT_H

#define ARPC__PLANTED(n) ARPC__PLANT_OF(ARPC_PLANT_##n)
#define ARPC__PLANT_OF(value) ARPC__PLANT_IS(value)
#define ARPC__PLANT_IS(value) ARPC__PLANT_CHOOSE(ARPC__PLANT_SHIFT_##value)
#define ARPC__PLANT_CHOOSE(shift) ARPC__PLANT_SECOND(shift 1, 0, 0)
#define ARPC__PLANT_SECOND(a, b, ...) b
#define ARPC__PLANT_SHIFT_1 0,

#endif
