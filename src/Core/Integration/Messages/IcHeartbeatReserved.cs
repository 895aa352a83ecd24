// What of a heartbeat nobody uses: reserved of heartbeat_msg_data behind its first word (Linux include/linux/hyperv.h).

using System.Runtime.CompilerServices;

namespace VmBus.Integration;

/// <summary>7 words that are zero.</summary>
[InlineArray(7)]
internal struct IcHeartbeatReserved
{
    private uint _word0;
}
