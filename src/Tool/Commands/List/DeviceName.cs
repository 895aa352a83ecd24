// What devices are called where people read it: the classes of Hyper-V, and what has no class of its own.

using System.Globalization;
using VmBus.Devices;
using VmBus.Layout;
using VmBus.Linux;

namespace VmBus.Tool;

/// <summary>Names of devices.</summary>
internal static class DeviceName
{
    /// <summary>What an unknown device is called.</summary>
    public const string Unknown = "unknown";

    // Binds whatever is a socket, by a flag of the offer that sysfs does not show: each service is a class.
    private const string SocketDriver = "hv_sock";

    /// <summary>A name without blanks, as a column or a document has it; <see langword="null"/> when it is unknown.</summary>
    public static string? Short(SysfsDevice device) => device.Class?.Name ?? device.ClassId switch
    {
        { } id when id == EchoDevice.InterfaceType => "echo",
        { } id when id == PipeDevice.InterfaceType => "pipe",
        { } id when DeviceClass.TryGetSocketPort(id, out _) => "socket",
        _ => device.Driver == SocketDriver ? "socket" : null,
    };

    /// <summary>A few words.</summary>
    public static string Long(SysfsDevice device) => device.Class?.Description ?? device.ClassId switch
    {
        { } id when id == EchoDevice.InterfaceType => "echo, of vmbus host",
        { } id when id == PipeDevice.InterfaceType => "pipe, of vmbus host",
        { } id when DeviceClass.TryGetSocketPort(id, out uint port) => string.Create(CultureInfo.InvariantCulture, $"socket, port {port}"),
        { } id => device.Driver == SocketDriver ? $"socket, service {id}" : Unknown,
        null => Unknown,
    };
}
