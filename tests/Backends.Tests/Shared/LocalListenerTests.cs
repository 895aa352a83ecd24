using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.InMemory;

namespace VmBus.Backends.Tests.Shared;

/// <summary>Where a socket may be, and what becomes of what is there.</summary>
[SupportedOSPlatform("linux")]
public sealed class LocalListenerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipe");

    private string Socket => Path.Combine(_folder.FullName, "guest");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Only_its_user_may_connect_and_the_file_goes_with_it()
    {
        using (LocalListener.Listen(Socket))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Socket));
        Assert.False(File.Exists(Socket));
    }

    [Fact]
    public void The_socket_of_a_host_that_was_killed_is_replaced()
    {
        // Closing the descriptor alone leaves the file, as the kernel does for a process that dies.
        var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        dead.Bind(new UnixDomainSocketEndPoint(Socket));
        dead.Listen();
        dead.SafeHandle.Dispose();
        Assert.True(File.Exists(Socket));
        using LocalListener listener = LocalListener.Listen(Socket);
        using Socket client = Connect();
        Assert.True(client.Connected);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(0)]
    public void One_that_somebody_listens_on_is_left(int backlog)
    {
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(Socket));
        other.Listen(backlog);
        using Socket? full = backlog == 0 ? Connect() : null;
        Assert.Equal($"cannot listen on '{Socket}': another process already listens there", Refused(Socket));
        Assert.True(File.Exists(Socket));
    }

    [Fact]
    public void A_file_that_is_no_socket_is_left()
    {
        File.WriteAllText(Socket, "");
        Assert.Equal($"cannot listen on '{Socket}': a file with that name exists, and it is not a socket", Refused(Socket));
        Assert.True(File.Exists(Socket));
        File.Delete(Socket);
        File.CreateSymbolicLink(Socket, "/nowhere/at/all");
        Assert.Equal($"cannot listen on '{Socket}': a file with that name exists, and it is not a socket", Refused(Socket));
    }

    [Fact]
    public void A_path_where_no_socket_can_be_is_said()
    {
        string longest = Path.Combine(_folder.FullName, new string('é', 60));
        Assert.Equal($"cannot listen on '{longest}': the path of a socket has at most 107 bytes, this one {_folder.FullName.Length + 1 + 120}", Refused(longest));
        string fits = Path.Combine(_folder.FullName, new string('x', 107 - _folder.FullName.Length - 1));
        LocalListener.Listen(fits).Dispose();

        string missing = Path.Combine(_folder.FullName, "no", "guest");
        Assert.Equal($"cannot listen on '{missing}': there is no folder '{Path.GetDirectoryName(missing)}'", Refused(missing));
        File.WriteAllText(Path.Combine(_folder.FullName, "no"), "");
        Assert.StartsWith($"cannot listen on '{missing}': ", Refused(missing), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_may_not_be_written_is_said()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "this user may write everywhere");
        _folder.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserExecute;
        string said = Refused(Socket);
        _folder.UnixFileMode |= UnixFileMode.UserWrite;
        Assert.Equal($"cannot listen on '{Socket}': Permission denied", said);
    }

    private static string Refused(string path) => Assert.ThrowsAny<IOException>(() => LocalListener.Listen(path)).Message;

    private Socket Connect()
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(Socket));
        return client;
    }
}
