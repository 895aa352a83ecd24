namespace VmBus.Linux;

/// <summary>A device that was added, removed or changed.</summary>
/// <param name="Before">The device as it was; <see langword="null"/> for one that was added.</param>
/// <param name="After">The device as it is; <see langword="null"/> for one that was removed.</param>
public sealed record VmBusChange(SysfsDevice? Before, SysfsDevice? After)
{
    /// <summary>The device, in the newest form known.</summary>
    public SysfsDevice Device => After ?? Before!;

    /// <summary>What became of it.</summary>
    internal VmBusChangeKind Kind => Before is null ? VmBusChangeKind.Added : After is null ? VmBusChangeKind.Removed : VmBusChangeKind.Changed;
}
