// What the kernel says when devices come, go and change. Mirrors netlink(7) with NETLINK_KOBJECT_UEVENT
// (Linux lib/kobject_uevent.c).

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>
/// Receives the kernel's uevents: texts such as <c>add@/devices/…</c>, with <c>KEY=value</c> fields behind it, each ended by
/// a NUL. Never blocks. One thread receives at a time.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class KernelEventSocket : FileDescriptorHandle
{
    private const uint KernelGroup = 1;

    private KernelEventSocket(int descriptor) : base(descriptor)
    {
    }

    /// <summary>Begins to receive. Needs no privilege; inside some containers nothing ever comes.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static unsafe KernelEventSocket Open()
    {
        int descriptor = Libc.Socket(Libc.FamilyNetlink, Libc.SocketDatagram | Libc.SocketCloseOnExec | Libc.SocketNonBlocking, Libc.NetlinkKernelEvents);
        if (descriptor < 0)
            throw ErrnoException.FromLastCall("socket(AF_NETLINK, NETLINK_KOBJECT_UEVENT)");
        var socket = new KernelEventSocket(descriptor);
        var address = new NetlinkAddress { Family = Libc.FamilyNetlink, Groups = KernelGroup };
        if (Libc.Bind(socket, &address, (uint)sizeof(NetlinkAddress)) < 0)
        {
            ErrnoException error = ErrnoException.FromLastCall("bind to the kernel's uevents");
            socket.Dispose();
            throw error;
        }
        return socket;
    }

    /// <summary>Takes the next event. What another process sent is passed over: only the kernel is believed.</summary>
    /// <param name="buffer">Where it goes; what does not fit is cut off. 8192 bytes hold every event.</param>
    /// <param name="length">How many bytes it has; 0 when events were lost because they came faster than they were taken.</param>
    /// <returns><see langword="false"/> when there is none now.</returns>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public unsafe bool TryReceive(Span<byte> buffer, out int length)
    {
        fixed (byte* bytes = buffer)
        {
            while (true)
            {
                NetlinkAddress sender = default;
                var vector = new IoVector { Base = bytes, Length = (nuint)buffer.Length };
                var message = new MessageHeader { Name = &sender, NameLength = (uint)sizeof(NetlinkAddress), Vectors = &vector, VectorCount = 1 };
                nint received = Libc.ReceiveMessage(this, &message, 0);
                length = (int)Math.Max(received, 0);
                if (received > 0 && sender.PortId == 0 && (sender.Groups & KernelGroup) != 0)
                    return true;
                if (received >= 0)
                    continue;
                switch (Libc.LastError)
                {
                    case Errno.TryAgain:
                        return false;
                    case Errno.NoBuffers:
                        return true;
                    case Errno.Interrupted:
                        continue;
                    default:
                        throw ErrnoException.FromLastCall("recvmsg of the kernel's uevents");
                }
            }
        }
    }
}
