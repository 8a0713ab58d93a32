/* Exit statuses of `vmlaunch doctor`; wrong usage is 2, as everywhere. */
#ifndef COMMANDS_DOCTOR_H
#define COMMANDS_DOCTOR_H

#include "doctor/doctor.h"

#define DOCTOR_PROBLEM 1
#define DOCTOR_UNKNOWN 3

#endif
