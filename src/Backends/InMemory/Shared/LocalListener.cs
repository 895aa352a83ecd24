// A Unix-domain socket at a path, for one user: where clients of a pipe connect, or the guest of a channel between processes.

using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Interop;

namespace VmBus.InMemory;

/// <summary>Listens on a path that only this user may connect to. Disposing removes the file. Thread-safe.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalListener : IDisposable
{
    private const int LongestPath = 107;    // sun_path, less the zero at its end
    private const int Backlog = 16;
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Socket _socket;

    private LocalListener(Socket socket) => _socket = socket;

    /// <summary>Listens. The file of a socket without a listener is replaced.</summary>
    /// <exception cref="IOException">It cannot be there; the message says why.</exception>
    public static LocalListener Listen(string path)
    {
        if (Encoding.UTF8.GetByteCount(path) is var bytes and > LongestPath)
            throw Error(path, $"the path of a socket has at most {LongestPath} bytes, this one {bytes}");
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            var address = new UnixDomainSocketEndPoint(path);
            if (!TryBind(socket, address))
            {
                RemoveStale(path, address);
                if (!TryBind(socket, address))
                    throw Error(path, "another process has just begun to listen there");
            }

            // Before it listens: only processes with the permission get in.
            File.SetUnixFileMode(path, Mode);
            socket.Listen(Backlog);
            return new LocalListener(socket);
        }
        catch (Exception error) when (error is SocketException or (IOException and not ListenException) or UnauthorizedAccessException or ErrnoException)
        {
            socket.Dispose();
            throw Error(path, Reason(path, error), error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the next client.</summary>
    public ValueTask<Socket> AcceptAsync(CancellationToken cancellationToken) => _socket.AcceptAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static bool TryBind(Socket socket, UnixDomainSocketEndPoint address)
    {
        try
        {
            socket.Bind(address);
            return true;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }

    // What a host leaves that was killed: a socket that refuses. Nothing else is removed.
    private static void RemoveStale(string path, UnixDomainSocketEndPoint address)
    {
        string full = Path.GetFullPath(path);
        using FolderFile folder = FolderFile.Open(Path.GetDirectoryName(full)!);
        string name = Path.GetFileName(full);
        if (!folder.HasSocket(name))
            throw Error(path, "a file with that name exists, and it is not a socket");
        using (var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false })
        {
            try
            {
                probe.Connect(address);
                throw Error(path, "another process already listens there");
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // No process does.
            }
            catch (SocketException busy) when (busy.SocketErrorCode is SocketError.WouldBlock or SocketError.TryAgain)
            {
                throw Error(path, "another process already listens there");
            }
        }
        if (folder.Remove(name) is var error and not (Errno.None or Errno.NoSuchFile))
            throw new ErrnoException("removing the socket of a host that is gone", error);
    }

    private static string Reason(string path, Exception error) => error switch
    {
        SocketException when Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder) => $"there is no folder '{folder}'",
        _ => error.Message.TrimEnd('.'),
    };

    private static ListenException Error(string path, string why, Exception? cause = null) => new ListenException($"cannot listen on '{path}': {why}", cause);

    // Told apart from the errors of files, which it is made of.
    private sealed class ListenException(string message, Exception? cause) : IOException(message, cause);
}
