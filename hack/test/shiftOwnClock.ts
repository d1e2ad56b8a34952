/** `node --import` this, with CLOCK_SHIFT_SECONDS set: the process lives at another time. */
import { clockShiftSeconds, shiftClock } from './clockShift.ts'

if (clockShiftSeconds !== 0) shiftClock('self', clockShiftSeconds)
