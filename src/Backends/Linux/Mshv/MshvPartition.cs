// A guest of the Microsoft hypervisor, as its root partition reaches it. Mirrors MSHV_ROOT_HVCALL (Linux 6.15
// drivers/hv/mshv_root_main.c, mshv_ioctl_passthru_hvcall) with HVCALL_SIGNAL_EVENT_DIRECT and HVCALL_POST_MESSAGE_DIRECT.

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Linux;

/// <summary>
/// A guest partition whose descriptor a root partition holds: signals its SynIC and posts to it directly, without a port or
/// a connection. Thread-safe.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class MshvPartition : IDisposable
{
    private readonly DeviceFile? _partition;
    private readonly RootCall _call;

    /// <summary>Takes ownership of a partition's descriptor, made by <c>MSHV_CREATE_PARTITION</c>.</summary>
    /// <param name="partition">The descriptor.</param>
    internal MshvPartition(DeviceFile partition)
    {
        ArgumentNullException.ThrowIfNull(partition);
        _partition = partition;
        _call = (ushort code, ReadOnlySpan<byte> input, Span<byte> output, out ushort status)
            => MshvControl.RootHypercall(partition, code, input, output, out status);
    }

    internal MshvPartition(RootCall call) => _call = call;

    internal delegate Errno RootCall(ushort code, ReadOnlySpan<byte> input, Span<byte> output, out ushort status);

    /// <summary>HvCallSignalEventDirect: sets an event flag of a virtual processor, and interrupts it when it was clear.</summary>
    /// <param name="vpIndex">The virtual processor.</param>
    /// <param name="sint">The SINT, 0 to 15.</param>
    /// <param name="flagNumber">The flag, 0 to 2047.</param>
    /// <param name="newlySignaled">Whether the flag was clear before.</param>
    /// <param name="vtl">The virtual trust level.</param>
    /// <returns>The status, as the hypervisor answered it.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">No hypercall was made: the kernel refused.</exception>
    public HypercallStatus SignalEvent(uint vpIndex, byte sint, ushort flagNumber, out bool newlySignaled, byte vtl = 0)
    {
        SignalEventDirectInput input = new() { TargetVp = vpIndex, TargetVtl = vtl, TargetSint = sint, FlagNumber = flagNumber };
        SignalEventDirectOutput output = default;
        HypercallStatus status = Call(HypercallCode.SignalEventDirect,
            MemoryMarshal.AsBytes(new ReadOnlySpan<SignalEventDirectInput>(in input)), MemoryMarshal.AsBytes(new Span<SignalEventDirectOutput>(ref output)));
        newlySignaled = status == HypercallStatus.Success && output.NewlySignaled != 0;
        return status;
    }

    /// <summary>HvCallPostMessageDirect: puts a message into a slot of a virtual processor's message page.</summary>
    /// <param name="vpIndex">The virtual processor.</param>
    /// <param name="sint">The SINT, 0 to 15: the slot.</param>
    /// <param name="message">The message, header and all.</param>
    /// <param name="vtl">The virtual trust level.</param>
    /// <returns>The status, as the hypervisor answered it.</returns>
    /// <exception cref="System.ComponentModel.Win32Exception">No hypercall was made: the kernel refused.</exception>
    public HypercallStatus PostMessage(uint vpIndex, byte sint, in SynicMessage message, byte vtl = 0)
    {
        PostMessageDirectInput input = new() { TargetVp = vpIndex, TargetVtl = vtl, TargetSint = sint, Message = message };
        return Call(HypercallCode.PostMessageDirect, MemoryMarshal.AsBytes(new ReadOnlySpan<PostMessageDirectInput>(in input)), []);
    }

    /// <summary>Any hypercall that the kernel lets a root partition make for a partition, in its form from memory.</summary>
    /// <param name="code">The code.</param>
    /// <param name="input">The input, at most 4096 bytes. The kernel writes the partition's id into its first 8.</param>
    /// <param name="output">Where the output goes, at most 4096 bytes; empty for none.</param>
    /// <returns>The status, as the hypervisor answered it.</returns>
    /// <exception cref="ArgumentException">Too many bytes.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">No hypercall was made: the kernel refused.</exception>
    internal HypercallStatus Call(HypercallCode code, ReadOnlySpan<byte> input, Span<byte> output)
    {
        Errno error = _call((ushort)code, input, output, out ushort status);

        // With a status that is no success comes an errno made of it: the status says more.
        if (status != 0 || error == Errno.None)
            return (HypercallStatus)status;
        throw new ErrnoException($"MSHV_ROOT_HVCALL of {code} (0x{(ushort)code:x})", error);
    }

    /// <summary>Closes the descriptor.</summary>
    public void Dispose() => _partition?.Dispose();
}
