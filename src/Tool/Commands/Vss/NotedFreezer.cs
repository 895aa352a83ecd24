// A freezer that tells of each snapshot once it is over: between the freeze and the thaw nothing may be written.

using System.Diagnostics;
using System.Runtime.Versioning;
using VmBus.Integration;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Passes freezes and thaws on. Thread-safe: the process may be ended while volumes are frozen.</summary>
/// <param name="inner">The freezer.</param>
/// <param name="writer">Where to tell.</param>
[SupportedOSPlatform("linux")]
internal sealed class NotedFreezer(IVolumeFreezer inner, TextWriter writer) : IVolumeFreezer
{
    private readonly Lock _lock = new();
    private long _frozenSince;
    private bool _isFrozen;
    private bool _isOver;

    /// <inheritdoc/>
    public IcStatus CheckHotBackup() => inner.CheckHotBackup();

    /// <inheritdoc/>
    public IcStatus Freeze()
    {
        lock (_lock)
        {
            if (_isOver)
                return IcStatus.Fail;
            _frozenSince = Stopwatch.GetTimestamp();
            IcStatus status = inner.Freeze();
            _isFrozen = status == IcStatus.Success;
            if (!_isFrozen)
                writer.WriteLine($"vmbus: a snapshot failed: file systems could not be frozen (status 0x{(uint)status:x8})");
            return status;
        }
    }

    /// <inheritdoc/>
    public IcStatus Thaw()
    {
        lock (_lock)
        {
            IcStatus status = inner.Thaw();
            string time = Units.Duration(Stopwatch.GetElapsedTime(_frozenSince).TotalNanoseconds);
            if (status != IcStatus.Success)
                writer.WriteLine($"vmbus: file systems could not all be thawed after {time} (status 0x{(uint)status:x8}): see fsfreeze --unfreeze");
            else if (_isFrozen)
                writer.WriteLine($"vmbus: file systems were frozen for {time} for a snapshot");
            _isFrozen &= status != IcStatus.Success;
            return status;
        }
    }

    /// <summary>Thaws what is frozen, and freezes no more.</summary>
    public void End()
    {
        lock (_lock)
        {
            _isOver = true;
            if (_isFrozen)
                Thaw();
        }
    }
}
