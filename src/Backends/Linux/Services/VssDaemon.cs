// Snapshots of a Linux guest whose own kernel speaks to the host. Mirrors hv_vss_daemon.c (Linux tools/hv) over
// /dev/vmbus/hv_vss.

using System.Runtime.Versioning;

namespace VmBus.Linux;

/// <summary>
/// Freezes and thaws a guest's volumes when the host wants a snapshot of them, in the place of <c>hv_vss_daemon</c>. However
/// it ends, it leaves nothing frozen.
/// </summary>
/// <remarks>
/// The kernel waits 15 minutes for a freeze and 30 s for the rest, then answers
/// the host itself. What it does not know is answered with <see cref="Integration.IcStatus.NotSupported"/>.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class VssDaemon : UtilDaemon
{
    /// <summary>The device.</summary>
    public const string DefaultPath = "/dev/vmbus/hv_vss";

    private readonly VssDaemonService _service;

    private VssDaemon(IUtilFile file, VssDaemonService service, string path) : base(file, service, path) => _service = service;

    /// <summary>What the driver answered the greeting with, 129 of all kernels so far; <see langword="null"/> until it has.</summary>
    public uint? DriverVersion => _service.DriverVersion;

    /// <summary>Whether volumes are frozen.</summary>
    public bool IsFrozen => _service.IsFrozen;

    /// <summary>Opens the device and greets the kernel.</summary>
    /// <param name="freezer">What freezes and thaws. Called by the thread of <see cref="UtilDaemon.RunAsync"/>.</param>
    /// <param name="path">The device.</param>
    /// <returns>The daemon, not running yet.</returns>
    /// <exception cref="LinuxGuestException">
    /// The device is not there (<see cref="LinuxGuestError.NoModule"/>), another daemon has it
    /// (<see cref="LinuxGuestError.InUse"/>), it is not permitted, or the kernel refuses the greeting.
    /// </exception>
    public static VssDaemon Open(IVolumeFreezer freezer, string path = DefaultPath)
    {
        ArgumentNullException.ThrowIfNull(freezer);
        return new VssDaemon(UtilFile.Open(path, "snapshots of volumes"), new VssDaemonService(freezer), path);
    }

    internal static VssDaemon Open(IVolumeFreezer freezer, IUtilFile file) => new(file, new VssDaemonService(freezer), DefaultPath);
}
