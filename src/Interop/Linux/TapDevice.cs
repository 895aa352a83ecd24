// A network interface whose other end is a program. Mirrors TUNSETIFF of /dev/net/tun (Linux include/uapi/linux/if_tun.h).

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace VmBus.Interop;

/// <summary>Opens TAP interfaces: what is read from one is what the system sends over it, a whole Ethernet frame a call.</summary>
[SupportedOSPlatform("linux")]
internal static class TapDevice
{
    private const string Path = "/dev/net/tun";
    private const ushort Tap = 0x0002;              // IFF_TAP
    private const ushort NoInformation = 0x1000;    // IFF_NO_PI: no head before the frame
    private static readonly uint SetInterface = IoctlNumber.Write<int>((byte)'T', 202);

    /// <summary>Opens an interface; where it is not there and the process may, it is made, and goes with the handle.</summary>
    /// <param name="name">Its name, of up to 15 bytes.</param>
    /// <returns>The device; a read that would have to wait answers <see cref="Errno.TryAgain"/>.</returns>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static DeviceFile Open(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var request = new InterfaceRequest { Flags = Tap | NoInformation };
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bytes.Length, InterfaceRequest.NameBytes.Length, nameof(name));
        bytes.CopyTo((Span<byte>)request.Name);
        DeviceFile file = DeviceFile.Open(Path);
        Errno error = file.Control(SetInterface, ref request, out _);
        if (error == Errno.None)
            return file;
        file.Dispose();
        throw new ErrnoException($"TUNSETIFF of {name} on {Path}", error);
    }

    /// <summary><c>struct ifreq</c>, as far as this call uses it.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    private struct InterfaceRequest
    {
        public NameBytes Name;      // ifr_name
        public ushort Flags;        // ifr_flags

        /// <summary><c>IFNAMSIZ</c> bytes, ended by a zero.</summary>
        [InlineArray(Length)]
        public struct NameBytes
        {
            public const int Length = 16;

            private byte _first;
        }
    }
}
