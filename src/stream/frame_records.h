/* What FRAMES and DURABLE have in common: failures of replicas, 272 bytes each. */
#ifndef DDMD_STREAM_FRAME_RECORDS_H
#define DDMD_STREAM_FRAME_RECORDS_H

#include "stream/frames.h"
#include "stream/wire.h"

enum { DDMD_FAILURE_SIZE = 16 + DDMD_FAILURE_REASON_SIZE };

static inline void ddmd_wire_put_failure(ddmd_wire *wire, const ddmd_replica_failure *failure)
{
    ddmd_wire_put_u32(wire, failure->replica);
    ddmd_wire_put_u32(wire, failure->simulation);
    ddmd_wire_put_u64(wire, failure->step);
    ddmd_wire_put_text(wire, failure->reason, sizeof failure->reason);
}

static inline void ddmd_wire_get_failure(ddmd_wire *wire, ddmd_replica_failure *failure)
{
    failure->replica = ddmd_wire_get_u32(wire);
    failure->simulation = ddmd_wire_get_u32(wire);
    failure->step = ddmd_wire_get_u64(wire);
    ddmd_wire_get_text(wire, failure->reason, sizeof failure->reason);
}

#endif
