// Snapshots of a Linux guest whose own kernel speaks to the host. Mirrors hv_vss_daemon.c (Linux tools/hv) over
// /dev/vmbus/hv_vss.

using System.Runtime.Versioning;

namespace VmBus.Linux;

/// <summary>
/// Freezes and thaws a guest's volumes for snapshots of the host, in place of <c>hv_vss_daemon</c>. However
/// it ends, no volume stays frozen.
/// </summary>
/// <remarks>
/// The kernel waits 15 minutes for a freeze and 30 s for other requests, then answers the host itself. Unknown requests are
/// answered with <see cref="Integration.IcStatus.NotSupported"/>.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class VssDaemon : UtilDaemon
{
    /// <summary>The device.</summary>
    public const string DefaultPath = "/dev/vmbus/hv_vss";

    private readonly VssDaemonService _service;

    private VssDaemon(IUtilFile file, VssDaemonService service, string path) : base(file, service, path) => _service = service;

    /// <summary>
    /// The number in the driver's answer to the greeting, 129 in all kernels so far; <see langword="null"/> before it.
    /// </summary>
    public uint? DriverVersion => _service.DriverVersion;

    /// <summary>Whether volumes are frozen.</summary>
    public bool IsFrozen => _service.IsFrozen;

    /// <summary>Opens the device and greets the kernel.</summary>
    /// <param name="freezer">Freezes and thaws the volumes. Called by the thread of <see cref="UtilDaemon.RunAsync"/>.</param>
    /// <param name="path">The device.</param>
    /// <returns>The daemon, not running yet.</returns>
    /// <exception cref="LinuxGuestException">
    /// The device does not exist (<see cref="LinuxGuestError.NoModule"/>), another daemon has it
    /// (<see cref="LinuxGuestError.InUse"/>), it is not permitted, or the kernel refuses the greeting.
    /// </exception>
    public static VssDaemon Open(IVolumeFreezer freezer, string path = DefaultPath)
    {
        ArgumentNullException.ThrowIfNull(freezer);
        return new VssDaemon(UtilFile.Open(path, "snapshots of volumes"), new VssDaemonService(freezer), path);
    }

    internal static VssDaemon Open(IVolumeFreezer freezer, IUtilFile file) => new(file, new VssDaemonService(freezer), DefaultPath);
}
