// A stream Unix-domain socket that carries file descriptors: how one process hands another the memory and the
// events they share. Mirrors unix(7) with SCM_RIGHTS of sendmsg(2) and recvmsg(2).

using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>A connected Unix-domain stream socket over which bytes and file descriptors travel.</summary>
/// <remarks>
/// One thread may send while another receives. Blocks; poll <see cref="FileDescriptorHandle.Descriptor"/> first for
/// a wait with a limit. Bytes are a stream, without boundaries; descriptors arrive with the first byte of the
/// <see cref="Send"/> that carried them, and a single <see cref="Receive(Span{byte}, Span{int}, out int)"/> never
/// mixes those of two sends.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class UnixFdSocket : FileDescriptorHandle
{
    /// <summary>The most descriptors one <see cref="Send"/> can carry: <c>SCM_MAX_FD</c>.</summary>
    public const int MaxDescriptors = Libc.MaxRights;

    internal UnixFdSocket(int descriptor) : base(descriptor)
    {
    }

    /// <summary>Makes two sockets connected to each other, both closed on exec.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static unsafe (UnixFdSocket First, UnixFdSocket Second) CreatePair()
    {
        int* pair = stackalloc int[2];
        if (Libc.SocketPair(Libc.FamilyUnix, Libc.SocketStream | Libc.SocketCloseOnExec, 0, pair) < 0)
            throw ErrnoException.FromLastCall("socketpair(AF_UNIX)");
        return (new UnixFdSocket(pair[0]), new UnixFdSocket(pair[1]));
    }

    /// <summary>Listens for connections.</summary>
    /// <param name="name">
    /// A path, which must not exist yet, or an abstract name with <c>@</c> in front. At most 107 bytes of UTF-8.
    /// </param>
    /// <exception cref="ArgumentException">The name is empty or too long.</exception>
    /// <exception cref="ErrnoException">The kernel refused; <see cref="Errno.AddressInUse"/> when the name is taken.</exception>
    public static UnixFdListener Listen(string name) => UnixFdListener.Listen(name);

    /// <summary>Connects to a listener.</summary>
    /// <param name="name">Its path, or its abstract name with <c>@</c> in front.</param>
    /// <exception cref="ArgumentException">The name is empty or too long.</exception>
    /// <exception cref="ErrnoException">
    /// No process listens there: <see cref="Errno.NoSuchFile"/> or <see cref="Errno.ConnectionRefused"/>.
    /// </exception>
    public static unsafe UnixFdSocket Connect(string name)
    {
        UnixSocketAddress address = UnixSocketAddress.From(name, out uint length);
        int descriptor = Libc.Socket(Libc.FamilyUnix, Libc.SocketStream | Libc.SocketCloseOnExec, 0);
        if (descriptor < 0)
            throw ErrnoException.FromLastCall("socket(AF_UNIX)");
        var socket = new UnixFdSocket(descriptor);
        while (Libc.Connect(socket, &address, length) < 0)
        {
            Errno error = Libc.LastError;
            if (error == Errno.Interrupted)
                continue;
            socket.Dispose();
            throw new ErrnoException($"connect to \"{name}\"", error);
        }
        return socket;
    }

    /// <summary>Makes a descriptor of its own for a socket that has another owner.</summary>
    /// <exception cref="ArgumentException">It is a socket of another kind.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static UnixFdSocket CopyOf(SafeHandle socket)
    {
        int descriptor = Libc.Fcntl(socket, Libc.FcntlDuplicateCloseOnExec, 0);
        return descriptor < 0 ? throw ErrnoException.FromLastCall("fcntl(F_DUPFD_CLOEXEC)") : FromDescriptor(descriptor);
    }

    /// <summary>Takes ownership of a socket this process inherited, and closes it on exec from now on.</summary>
    /// <param name="descriptor">
    /// The descriptor. It belongs to this call from the start: when a check fails it is closed.
    /// </param>
    /// <exception cref="ArgumentException">It is a socket of another kind.</exception>
    /// <exception cref="ErrnoException">It is not open, or not a socket.</exception>
    public static UnixFdSocket FromDescriptor(int descriptor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        var socket = new UnixFdSocket(descriptor);
        try
        {
            int family = socket.GetOption(Libc.OptionDomain, "SO_DOMAIN");
            int type = socket.GetOption(Libc.OptionType, "SO_TYPE");
            if (family != Libc.FamilyUnix || type != Libc.SocketStream)
            {
                throw new ArgumentException(
                    $"Descriptor {descriptor} is a socket of family {family}, type {type}; a Unix-domain stream socket is family {Libc.FamilyUnix}, type {Libc.SocketStream}.",
                    nameof(descriptor));
            }
            socket.MakeCloseOnExec();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends bytes, and copies of descriptors with the first of them. Returns when all are sent.</summary>
    /// <param name="data">The bytes; at least one when descriptors go along.</param>
    /// <param name="descriptors">The descriptors to copy to the peer, at most <see cref="MaxDescriptors"/>. They stay ours too.</param>
    /// <exception cref="ArgumentException">Descriptors without a byte, or too many.</exception>
    /// <exception cref="ErrnoException">
    /// <see cref="Errno.BrokenPipe"/> or <see cref="Errno.ConnectionReset"/> when the peer is gone;
    /// <see cref="Errno.BadDescriptor"/> when one of the descriptors is not open, and then nothing was sent.
    /// </exception>
    public unsafe void Send(ReadOnlySpan<byte> data, ReadOnlySpan<int> descriptors = default)
    {
        if (descriptors.Length > MaxDescriptors)
            throw new ArgumentException($"{descriptors.Length} descriptors are more than one message carries, {MaxDescriptors}.", nameof(descriptors));
        if (data.IsEmpty && !descriptors.IsEmpty)
            throw new ArgumentException($"{descriptors.Length} descriptors need at least one byte to travel with.", nameof(data));

        Span<ulong> control = stackalloc ulong[ControlMessageHeader.SpaceOf(descriptors.Length) / sizeof(ulong)];
        int remaining = descriptors.Length;
        fixed (ulong* controlStart = control)
        fixed (byte* start = data)
        {
            var header = (ControlMessageHeader*)controlStart;
            header->Length = (nuint)ControlMessageHeader.LengthOf(descriptors.Length);
            header->Level = Libc.LevelSocket;
            header->Type = Libc.ControlRights;
            descriptors.CopyTo(new Span<int>(header + 1, descriptors.Length));

            int sent = 0;
            while (sent < data.Length)
            {
                IoVector vector = new() { Base = start + sent, Length = (nuint)(data.Length - sent) };
                MessageHeader message = new() { Vectors = &vector, VectorCount = 1 };
                if (remaining > 0)
                {
                    message.Control = controlStart;
                    message.ControlLength = (nuint)ControlMessageHeader.SpaceOf(remaining);
                }
                nint count = Libc.SendMessage(this, &message, Libc.MessageNoSignal);
                if (count < 0)
                {
                    Errno error = Libc.LastError;
                    if (error == Errno.Interrupted)
                        continue;
                    throw new ErrnoException($"sendmsg of {data.Length - sent} bytes and {remaining} descriptors", error);
                }
                // The descriptors went with the first bytes: a second copy must not go with the rest.
                remaining = 0;
                sent += (int)count;
            }
        }
    }

    /// <summary>Waits for bytes and takes what is there, with the descriptors that came along.</summary>
    /// <param name="data">Where the bytes go; at least one byte long.</param>
    /// <param name="descriptors">
    /// Where the descriptors go, closed on exec. They are the caller's to close: hand them to
    /// <see cref="MemfdHandle.Adopt"/>, <see cref="SignalPipe.Adopt"/> or the like at once. Those for which there is
    /// no room are closed.
    /// </param>
    /// <param name="descriptorCount">How many descriptors were stored.</param>
    /// <returns>The number of bytes; 0 at the end of the stream, when the peer has closed its end.</returns>
    /// <exception cref="ArgumentException"><paramref name="data"/> is empty.</exception>
    /// <exception cref="InvalidDataException">
    /// Not every descriptor the peer sent could be received, as when this process has none left. Those that were
    /// received are closed.
    /// </exception>
    /// <exception cref="ErrnoException">
    /// <see cref="Errno.ConnectionReset"/> once, when the peer closed its end with unread data in it; the bytes it
    /// had sent before come first.
    /// </exception>
    public int Receive(Span<byte> data, Span<int> descriptors, out int descriptorCount) =>
        Receive(data, descriptors, stackalloc ulong[ControlMessageHeader.SpaceOf(MaxDescriptors) / sizeof(ulong)], out descriptorCount);

    // Room for all the kernel can send, so that only a shortage of descriptors truncates; tests give less.
    internal unsafe int Receive(Span<byte> data, Span<int> descriptors, Span<ulong> control, out int descriptorCount)
    {
        if (data.IsEmpty)
            throw new ArgumentException("Receiving takes room for at least one byte: 0 means the end of the stream.", nameof(data));
        fixed (ulong* controlStart = control)
        fixed (byte* start = data)
        {
            IoVector vector = new() { Base = start, Length = (nuint)data.Length };
            MessageHeader message;
            nint count;
            do
            {
                message = new()
                {
                    Vectors = &vector,
                    VectorCount = 1,
                    Control = controlStart,
                    ControlLength = (nuint)(control.Length * sizeof(ulong)),
                };
                count = Libc.ReceiveMessage(this, &message, Libc.MessageCloseOnExec);
            }
            while (count < 0 && Libc.LastError == Errno.Interrupted);
            if (count < 0)
                throw ErrnoException.FromLastCall($"recvmsg of up to {data.Length} bytes");

            bool truncated = (message.Flags & Libc.MessageControlTruncated) != 0;
            descriptorCount = TakeDescriptors(new ReadOnlySpan<byte>(controlStart, (int)message.ControlLength), truncated ? [] : descriptors);
            if (truncated)
                throw new InvalidDataException("The peer sent more descriptors than could be received (MSG_CTRUNC); all of them are closed.");
            return (int)count;
        }
    }

    // Stores the descriptors of every SCM_RIGHTS message, closing those that do not fit.
    private static unsafe int TakeDescriptors(ReadOnlySpan<byte> control, Span<int> room)
    {
        int stored = 0;
        int headerSize = sizeof(ControlMessageHeader);
        while (control.Length >= headerSize)
        {
            ControlMessageHeader header = MemoryMarshal.Read<ControlMessageHeader>(control);
            int length = (int)Math.Min(header.Length, (nuint)control.Length);
            if (length < headerSize)
                break;
            if (header.Level == Libc.LevelSocket && header.Type == Libc.ControlRights)
            {
                foreach (int descriptor in MemoryMarshal.Cast<byte, int>(control[headerSize..length]))
                {
                    if (stored < room.Length)
                        room[stored++] = descriptor;
                    else
                        Libc.Close(descriptor);
                }
            }
            control = control[Math.Min(ControlMessageHeader.Align(length), control.Length)..];
        }
        return stored;
    }

    /// <summary>
    /// Whether the peer has closed its end, or ended, or shut down sending. Bytes it sent before may still be there
    /// to receive. Never blocks.
    /// </summary>
    /// <exception cref="ObjectDisposedException">This end is closed.</exception>
    public bool IsPeerClosed() =>
        (Poll.Wait(Descriptor, PollEvents.ReadHangUp, TimeSpan.Zero) &
            (PollEvents.HangUp | PollEvents.ReadHangUp | PollEvents.Error | PollEvents.Invalid)) != 0;

    private unsafe int GetOption(int option, string name)
    {
        int value;
        uint length = sizeof(int);
        return Libc.GetSocketOption(this, Libc.LevelSocket, option, &value, &length) < 0
            ? throw ErrnoException.FromLastCall($"getsockopt({name}) on descriptor {handle}")
            : value;
    }
}
