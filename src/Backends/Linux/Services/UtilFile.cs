// The kernel's /dev/vmbus/hv_kvp and hv_vss (Linux drivers/hv/hv_utils_transport.c).

using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>The device node.</summary>
[SupportedOSPlatform("linux")]
internal sealed class UtilFile(DeviceFile file) : IUtilFile
{
    public int Descriptor => file.Descriptor;

    /// <exception cref="LinuxGuestException">It is not there, in use, or not permitted.</exception>
    public static UtilFile Open(string path, string service)
    {
        try
        {
            return new UtilFile(DeviceFile.Open(path));
        }
        catch (ErrnoException e)
        {
            throw e.Errno switch
            {
                Errno.AccessDenied or Errno.OperationNotPermitted => new LinuxGuestException(LinuxGuestError.NotPermitted, $"{path} needs root. {e.Message}", e),
                Errno.NoSuchFile or Errno.NoSuchDevice or Errno.NoSuchAddress => new LinuxGuestException(LinuxGuestError.NoModule,
                    $"{path} does not exist: the module hv_utils creates it when the host offers {service}. {e.Message}", e),
                Errno.Busy => new LinuxGuestException(LinuxGuestError.InUse,
                    $"{path} is in use: only one daemon can have it open, and another one does, such as the distribution's own. {e.Message}", e),
                Errno.BadDescriptor => new LinuxGuestException(LinuxGuestError.NoDevice, $"{path} is being removed: hv_utils is being unloaded, or the host has rescinded {service}. {e.Message}", e),
                _ => new LinuxGuestException(LinuxGuestError.Refused, $"{path} could not be opened. {e.Message}", e),
            };
        }
    }

    public Errno Read(Span<byte> message, out int length) => file.Read(message, out length);

    public Errno Write(ReadOnlySpan<byte> message) => file.Write(message);

    public void Dispose() => file.Dispose();
}
