namespace VmBus.Interop.Tests.Linux;

public sealed class FolderFileTests : IDisposable
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _top = Directory.CreateTempSubdirectory("vmbus-folder");
    private readonly FolderFile _folder;

    public FolderFileTests() => _folder = FolderFile.Open(_top.FullName);

    public void Dispose()
    {
        _folder.Dispose();
        _top.Delete(recursive: true);
    }

    [Fact]
    public void A_file_without_a_name_gets_one_and_replaces_nothing()
    {
        Assert.Equal(Errno.None, _folder.TryCreateUnnamed(Mode, out RegularFile? file));
        using (file)
        {
            Assert.Equal(Errno.None, file!.WriteAt(2, "cd"u8));
            Assert.Equal(Errno.None, file.WriteAt(0, "ab"u8));
            Assert.Equal(Errno.None, file.Synchronize());
            Assert.Empty(_top.GetFileSystemInfos());
            Assert.Equal(Errno.None, _folder.Link(file, "a"));
            Assert.Equal(Errno.AlreadyExists, _folder.Link(file, "a"));
            Assert.Equal(Errno.None, _folder.Link("a", "b"));
            Assert.Equal(Errno.AlreadyExists, _folder.Rename("b", "a", replace: false));
        }

        Assert.Equal("abcd", File.ReadAllText(At("b")));
        File.WriteAllText(At("c"), "c");
        Assert.Equal(Errno.None, _folder.Rename("c", "a", replace: true));
        Assert.Equal("c", File.ReadAllText(At("a")));
        Assert.False(_folder.Exists("c"));
        Assert.Equal(Errno.None, _folder.Remove("a"));
        Assert.Equal(Errno.NoSuchFile, _folder.Remove("a"));
        Assert.Equal(Errno.None, _folder.Synchronize());
    }

    [Fact]
    public void A_new_file_is_new()
    {
        Assert.Equal(Errno.None, _folder.TryCreate("a", Mode, out RegularFile? file));
        file!.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.WriteAt(0, [1]));
        Assert.Equal(Errno.AlreadyExists, _folder.TryCreate("a", Mode, out file));
        Assert.Null(file);
        File.CreateSymbolicLink(At("dangling"), "nowhere");
        Assert.True(_folder.Exists("dangling"));
        Assert.Equal(Errno.AlreadyExists, _folder.TryCreate("dangling", Mode, out _));
    }

    [Fact]
    public void A_socket_is_told_from_all_else()
    {
        using var socket = UnixFdSocket.Listen(At("socket"));
        File.WriteAllText(At("file"), "");
        File.CreateSymbolicLink(At("link"), "socket");
        Assert.True(_folder.HasSocket("socket"));
        Assert.All(["file", "link", "nothing", "."], name => Assert.False(_folder.HasSocket(name)));
    }

    [Fact]
    public void What_leads_out_is_told_from_what_does_not()
    {
        Assert.Equal(Errno.None, _folder.MakeFolder("sub", Mode | UnixFileMode.UserExecute));
        Assert.Equal(Errno.AlreadyExists, _folder.MakeFolder("sub", Mode));
        File.CreateSymbolicLink(At("inside"), "sub");
        File.CreateSymbolicLink(At("out"), "..");
        File.CreateSymbolicLink(At("root"), "/sub");
        Assert.Equal(Errno.None, Beneath("inside"));
        Assert.Equal(Errno.CrossDevice, Beneath("out"));
        Assert.Equal(Errno.CrossDevice, Beneath("root"));
        Assert.Equal(Errno.CrossDevice, Beneath("/"));
        Assert.Equal(Errno.CrossDevice, Beneath("sub/../.."));
        Assert.Equal(Errno.None, Beneath("root", isRoot: true));
        Assert.Equal(Errno.NoSuchFile, Beneath("nothing"));
        Assert.Equal(Errno.NotFolder, _folder.TryOpen("inside", out _));
        Assert.Equal(Errno.None, _folder.TryOpen("sub", out FolderFile? sub));
        sub!.Dispose();
    }

    private Errno Beneath(string path, bool isRoot = false)
    {
        Errno error = _folder.TryOpenBeneath(path, isRoot, out FolderFile? found);
        found?.Dispose();
        return error;
    }

    private string At(string name) => Path.Combine(_top.FullName, name);
}
