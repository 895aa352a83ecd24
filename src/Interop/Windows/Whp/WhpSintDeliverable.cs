// Which message slots are free again. Mirrors WHV_SYNIC_SINT_DELIVERABLE_CONTEXT (winhvplatformdefs.h).

using System.Runtime.InteropServices;

namespace VmBus.Interop;

/// <summary>SINTs whose message slot was full and is free: <c>WHV_SYNIC_SINT_DELIVERABLE_CONTEXT</c>, 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WhpSintDeliverable
{
    /// <summary><c>DeliverableSints</c>: a bit for each SINT.</summary>
    public ushort DeliverableSints;

    internal ushort Reserved1;
    internal uint Reserved2;
}
