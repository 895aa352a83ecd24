namespace VmBus.Linux;

/// <summary>A device that came, went or changed.</summary>
/// <param name="Kind">What became of it.</param>
/// <param name="Before">The device as it was; <see langword="null"/> of one that came.</param>
/// <param name="After">The device as it is; <see langword="null"/> of one that went.</param>
public sealed record VmBusChange(VmBusChangeKind Kind, SysfsDevice? Before, SysfsDevice? After)
{
    /// <summary>The device, in the newest form known.</summary>
    public SysfsDevice Device => After ?? Before!;
}
