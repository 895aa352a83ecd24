using VmBus.Interop;
using VmBus.Layout;

namespace VmBus.Peers.Tests;

/// <summary>
/// One bit of a monitor page, and the hypervisor that examines it: the only thing that wakes an end of a channel here,
/// so that a signal not given stops the test.
/// </summary>
internal sealed class Doorbell : IDisposable
{
    public const int MonitorId = 77;

    private const int Group = MonitorId / 32;
    private const uint Mask = 1u << (MonitorId % 32);

    private readonly MappedMemory _memory;

    public Doorbell() => _memory = MappedMemory.MapAnonymous(MonitorPage.Size);

    public Doorbell(MemfdHandle memory, long offset) => _memory = MappedMemory.Map(memory, offset, MonitorPage.Size);

    public nint Address => _memory.Address;

    public MonitorPageView Page => new(_memory.Address);

    public Span<byte> Bytes => _memory.AsSpan();

    public bool IsRung => (Volatile.Read(ref Page.Pending(Group)) & Mask) != 0;

    public bool TryAnswer()
    {
        if (!IsRung)
            return false;
        Interlocked.And(ref Page.Pending(Group), ~Mask);
        return true;
    }

    /// <summary>Waits for the bit, or for the end of the test at the other side.</summary>
    public void Wait(Func<string> state, CancellationToken otherFailed)
    {
        var other = new OtherSide(otherFailed);
        while (!TryAnswer())
            other.Wait(state);
    }

    public void Dispose() => _memory.Dispose();
}
