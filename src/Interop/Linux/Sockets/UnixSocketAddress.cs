// The name of a Unix-domain socket. Mirrors struct sockaddr_un (sys/un.h), 110 bytes.

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace VmBus.Interop;

[SupportedOSPlatform("linux")]
[StructLayout(LayoutKind.Sequential)]
internal struct UnixSocketAddress
{
    internal const int PathCapacity = 108;

    internal ushort Family;     // sun_family
    internal PathBytes Path;    // sun_path

    [InlineArray(PathCapacity)]
    internal struct PathBytes
    {
        private byte _first;
    }

    // A name that begins with '@' (or with NUL itself) is abstract: it lies in no directory and goes with its socket.
    internal static bool IsAbstract(string name) => name[0] is '@' or '\0';

    // The length counts the terminating NUL of a path, and nothing after the last byte of an abstract name, whose
    // every byte up to the length is part of it.
    internal static UnixSocketAddress From(string name, out uint length)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var address = new UnixSocketAddress { Family = Libc.FamilyUnix };
        Span<byte> path = address.Path;
        int bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes >= PathCapacity)
            throw new ArgumentException($"A socket name of {bytes} bytes is longer than {PathCapacity - 1}: \"{name}\".", nameof(name));
        if (name.IndexOf('\0', 1) > 0)
            throw new ArgumentException("A socket name has no NUL but one in front.", nameof(name));
        Encoding.UTF8.GetBytes(name, path);
        bool isAbstract = IsAbstract(name);
        if (isAbstract)
            path[0] = 0;
        length = (uint)(sizeof(ushort) + bytes + (isAbstract ? 0 : 1));
        return address;
    }
}
