// Key-value pairs of a Linux guest whose own kernel speaks to the host. Mirrors hv_kvp_daemon.c (Linux tools/hv) over
// /dev/vmbus/hv_kvp.

using System.Runtime.Versioning;
using VmBus.Integration;

namespace VmBus.Linux;

/// <summary>
/// Answers the host's requests about pairs and addresses, in place of <c>hv_kvp_daemon</c>: the kernel's <c>hv_kvp</c>
/// communicates with the host, this class with the kernel.
/// </summary>
/// <remarks>
/// The kernel converts numbers to text, and text to UTF-8, and sends the host its own answer after 30 s. Text that does not fit
/// into a message is cut at a character boundary. A missing key is answered with
/// <see cref="Integration.IcStatus.NoMoreItems"/>, as <c>hv_kvp_daemon</c> does; an unknown operation with
/// <see cref="Integration.IcStatus.NotSupported"/>; an unknown pool or an invalid length with
/// <see cref="Integration.IcStatus.InvalidArgument"/>.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class KvpDaemon : UtilDaemon
{
    /// <summary>The device.</summary>
    public const string DefaultPath = "/dev/vmbus/hv_kvp";

    private readonly KvpDaemonService _service;

    private KvpDaemon(IUtilFile file, KvpDaemonService service, string path) : base(file, service, path) => _service = service;

    /// <summary>
    /// The version in the driver's answer to the greeting; <see langword="null"/> before it. It is always "3.1".
    /// </summary>
    public string? DriverVersion => _service.DriverVersion;

    /// <summary>Opens the device and greets the kernel.</summary>
    /// <param name="store">The store of the pairs. Called by the thread of <see cref="UtilDaemon.RunAsync"/>.</param>
    /// <param name="path">The device.</param>
    /// <returns>The daemon, not running yet.</returns>
    /// <exception cref="LinuxGuestException">
    /// The device does not exist (<see cref="LinuxGuestError.NoModule"/>), another daemon has it
    /// (<see cref="LinuxGuestError.InUse"/>), it is not permitted, or the kernel refuses the greeting.
    /// </exception>
    public static KvpDaemon Open(IKvpStore store, string path = DefaultPath)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new KvpDaemon(UtilFile.Open(path, "key-value pairs"), new KvpDaemonService(store), path);
    }

    internal static KvpDaemon Open(IKvpStore store, IUtilFile file) => new(file, new KvpDaemonService(store), DefaultPath);
}
