// A Unix-domain socket that waits for connections. Mirrors bind(2), listen(2) and accept4(2).

using System.Runtime.Versioning;

namespace VmBus.Interop;

/// <summary>A listening Unix-domain stream socket. Made by <see cref="UnixFdSocket.Listen"/>.</summary>
/// <remarks>Polls <see cref="PollEvents.In"/> when a connection waits. Disposing removes the path it made.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class UnixFdListener : FileDescriptorHandle
{
    private const int Backlog = 16;
    private string? _path;

    private UnixFdListener(int descriptor, string name) : base(descriptor)
    {
        Name = name;
    }

    /// <summary>What it listens on: a path, or an abstract name with <c>@</c> in front.</summary>
    public string Name { get; }

    internal static unsafe UnixFdListener Listen(string name)
    {
        UnixSocketAddress address = UnixSocketAddress.From(name, out uint length);
        int descriptor = Libc.Socket(Libc.FamilyUnix, Libc.SocketStream | Libc.SocketCloseOnExec, 0);
        if (descriptor < 0)
            throw ErrnoException.FromLastCall("socket(AF_UNIX)");
        var listener = new UnixFdListener(descriptor, name);
        try
        {
            if (Libc.Bind(listener, &address, length) < 0)
                throw ErrnoException.FromLastCall($"bind of a socket to \"{name}\"");
            // From here on there is a file to remove, full path: the working directory may change.
            if (!UnixSocketAddress.IsAbstract(name))
                listener._path = Path.GetFullPath(name);
            if (Libc.Listen(listener, Backlog) < 0)
                throw ErrnoException.FromLastCall($"listen on \"{name}\"");
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the next connection; poll <see cref="FileDescriptorHandle.Descriptor"/> for a wait with a limit.</summary>
    /// <exception cref="ObjectDisposedException">The listener is closed.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public unsafe UnixFdSocket Accept()
    {
        while (true)
        {
            int descriptor = Libc.Accept(this, null, null, Libc.SocketCloseOnExec);
            if (descriptor >= 0)
                return new UnixFdSocket(descriptor);
            Errno error = Libc.LastError;
            if (error != Errno.Interrupted)
                throw new ErrnoException($"accept on \"{Name}\"", error);
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        // Gone already is as good: the process that removed it was allowed to.
        bool removed = _path is null || Libc.Unlink(_path) == 0 || Libc.LastError == Errno.NoSuchFile;
        return base.ReleaseHandle() && removed;
    }
}
