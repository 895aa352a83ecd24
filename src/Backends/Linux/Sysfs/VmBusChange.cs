namespace VmBus.Linux;

/// <summary>A device that was added, removed or changed.</summary>
/// <param name="Before">The device before the change; <see langword="null"/> if it was added.</param>
/// <param name="After">The device after the change; <see langword="null"/> if it was removed.</param>
public sealed record VmBusChange(SysfsDevice? Before, SysfsDevice? After)
{
    /// <summary>The latest known state of the device.</summary>
    public SysfsDevice Device => After ?? Before!;

    /// <summary>What became of it.</summary>
    internal VmBusChangeKind Kind => Before is null ? VmBusChangeKind.Added : After is null ? VmBusChangeKind.Removed : VmBusChangeKind.Changed;
}
