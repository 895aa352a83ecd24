// Where a message of the host arrives.

using VmBus.Layout;

namespace VmBus.Protocol;

/// <summary>The message slot that a host's message is written to.</summary>
/// <param name="Vp">The VP, by index.</param>
/// <param name="Sint">The SINT, 0 to 15.</param>
/// <param name="Vtl">The virtual trust level, 0 to 2.</param>
internal readonly record struct MessageTarget(uint Vp, byte Sint = SynicMsr.VmBusSint, byte Vtl = 0);
