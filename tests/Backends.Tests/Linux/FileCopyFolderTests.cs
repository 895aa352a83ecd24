using System.Runtime.Versioning;
using System.Text;
using VmBus.Backends.Tests.Shared;
using VmBus.Integration;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

/// <summary>Files of a host land below a root, whole or not at all, whatever the kernel and the file system lack.</summary>
[SupportedOSPlatform("linux")]
public sealed class FileCopyFolderTests : IDisposable
{
    private const IcFileCopyFlags Overwrite = IcFileCopyFlags.Overwrite, CreatePath = IcFileCopyFlags.CreatePath;

    private readonly DirectoryInfo _top = Directory.CreateTempSubdirectory("vmbus-fcopy");
    private readonly string _root;

    public FileCopyFolderTests()
    {
        _root = Path.Combine(_top.FullName, "root");
        Directory.CreateDirectory(_root);
        File.WriteAllText(Path.Combine(_top.FullName, "secret"), "secret");
    }

    public static TheoryData<int> Kernels => [0, 1, 2, 4, 6, 7];

    public void Dispose() => _top.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_file_appears_whole_and_in_one_step(int gaps)
    {
        using FileCopyFolder folder = Folder(gaps);
        IFileCopyFile file = Begin(folder, "größe 漢字", "a\\b", CreatePath);
        Assert.True(file.Write(3, "def"u8).IsSuccess);
        Assert.True(file.Write(0, "abc"u8).IsSuccess);
        Assert.False(File.Exists(At("a/b/größe 漢字")));
        Assert.Equal(FileCopyVerdict.Success, file.Complete());
        file.Dispose();
        Assert.Equal("abcdef", File.ReadAllText(At("a/b/größe 漢字")));
        RequireOnly("a/b/größe 漢字");
        Assert.Equal((UnixFileMode)0b110_100_100, File.GetUnixFileMode(At("a/b/größe 漢字")) | (UnixFileMode)0b000_100_100);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_file_given_up_leaves_nothing(int gaps)
    {
        using FileCopyFolder folder = Folder(gaps);
        using (IFileCopyFile file = Begin(folder, "f", ""))
            file.Write(0, new byte[5000]);
        RequireOnly();
        File.WriteAllText(At("f"), "old");
        using (IFileCopyFile file = Begin(folder, "f", "", Overwrite))
            file.Write(0, "new"u8);
        RequireOnly("f");
        Assert.Equal("old", File.ReadAllText(At("f")));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void What_is_there_is_replaced_only_when_that_was_asked_for(int gaps)
    {
        File.WriteAllText(At("f"), "old");
        using FileCopyFolder folder = Folder(gaps);
        Assert.Equal(IcStatus.AlreadyExists, folder.Begin(new FileCopyRequest("f", "", 3), out IFileCopyFile? none).Status);
        Assert.Null(none);
        Put(folder, "f", "new", Overwrite);
        Assert.Equal("new", File.ReadAllText(At("f")));
        RequireOnly("f");
    }

    // 255 bytes of UTF-8, whatever characters they are.
    [Theory]
    [InlineData(255, "f", IcStatus.Success)]
    [InlineData(256, "f", IcStatus.InvalidArgument)]
    [InlineData(127, "ä", IcStatus.Success)]
    [InlineData(128, "ä", IcStatus.InvalidArgument)]
    public void A_name_is_as_long_as_the_file_system_takes(int length, string character, IcStatus status)
    {
        string name = string.Concat(Enumerable.Repeat(character, length));
        using FileCopyFolder folder = Folder(0);
        FileCopyVerdict verdict = folder.Begin(new FileCopyRequest(name, "", 0), out IFileCopyFile? file);
        Assert.Equal(status, verdict.Status);
        using (file)
            Assert.True(file is null || file.Complete().IsSuccess);
        RequireOnly(status == IcStatus.Success ? [name] : []);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void What_came_meanwhile_is_not_replaced_either(int gaps)
    {
        using FileCopyFolder folder = Folder(gaps);
        using (IFileCopyFile file = Begin(folder, "f", ""))
        {
            File.WriteAllText(At("f"), "mine");
            Assert.Equal(IcStatus.AlreadyExists, file.Complete().Status);
        }

        Assert.Equal("mine", File.ReadAllText(At("f")));
        RequireOnly("f");
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_link_in_the_files_place_is_replaced_and_not_followed(int gaps)
    {
        File.CreateSymbolicLink(At("f"), "../secret");
        using FileCopyFolder folder = Folder(gaps);
        Assert.Equal(IcStatus.AlreadyExists, folder.Begin(new FileCopyRequest("f", "", 3), out _).Status);
        Put(folder, "f", "new", Overwrite);
        Assert.Null(new FileInfo(At("f")).LinkTarget);
        Assert.Equal("secret", File.ReadAllText(Path.Combine(_top.FullName, "secret")));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_link_that_leads_out_is_refused(int gaps)
    {
        Directory.CreateDirectory(At("inner"));
        File.CreateSymbolicLink(At("up"), "..");
        File.CreateSymbolicLink(At("absolute"), _top.FullName);
        File.CreateSymbolicLink(At("round"), "../root/inner");
        File.CreateSymbolicLink(At("magic"), $"/proc/{Environment.ProcessId}/root/tmp");
        using FileCopyFolder folder = Folder(gaps);
        foreach (string path in (string[])["up", "absolute", "round", "magic", "inner/../up", "up/root"])
        {
            FileCopyVerdict verdict = folder.Begin(new FileCopyRequest("f", path, 0, CreatePath | Overwrite), out IFileCopyFile? file);
            Assert.Null(file);
            Assert.Equal(gaps % 2 == 0 || path.Contains("..", StringComparison.Ordinal) ? IcStatus.InvalidArgument : IcStatus.Fail, verdict.Status);
            Assert.NotNull(verdict.Reason);
        }

        Assert.Single(Directory.GetFiles(_top.FullName));
    }

    [Fact]
    public void A_link_that_stays_inside_is_followed_where_the_kernel_can_tell()
    {
        Directory.CreateDirectory(At("inner"));
        File.CreateSymbolicLink(At("alias"), "inner");
        using (FileCopyFolder folder = Folder(0))
            Put(folder, "f", "x", path: "alias");
        Assert.True(File.Exists(At("inner/f")));
        using FileCopyFolder old = Folder((int)KernelGaps.NoResolving);
        Assert.Equal(IcStatus.Fail, old.Begin(new FileCopyRequest("g", "alias", 0), out _).Status);
    }

    [Theory]
    [InlineData("sub", IcStatus.Success)]
    [InlineData("ROOT/sub", IcStatus.Success)]
    [InlineData("ROOT", IcStatus.Success)]
    [InlineData("\\ROOT\\sub\\", IcStatus.Success)]
    [InlineData("/", IcStatus.InvalidArgument)]
    [InlineData("/etc", IcStatus.InvalidArgument)]
    [InlineData("ROOTx", IcStatus.InvalidArgument)]
    [InlineData("ROOT/..", IcStatus.InvalidArgument)]
    [InlineData("missing", IcStatus.Fail)]
    public void A_path_lies_in_the_root_or_is_refused(string path, IcStatus status)
    {
        Directory.CreateDirectory(At("sub"));
        using FileCopyFolder folder = Folder(0);
        FileCopyVerdict verdict = folder.Begin(new FileCopyRequest("f", path.Replace("ROOT", _root, StringComparison.Ordinal), 0), out IFileCopyFile? file);
        file?.Dispose();
        Assert.Equal(status, verdict.Status);
    }

    [Fact]
    public void Below_the_root_of_all_a_path_is_a_path()
    {
        File.CreateSymbolicLink(At("absolute"), _root);
        using FileCopyFolder folder = FileCopyFolder.Open("/");
        Put(folder, "f", "x", path: At("absolute"));
        Assert.Equal("x", File.ReadAllText(At("f")));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void What_is_no_folder_and_what_is_one_are_told(int gaps)
    {
        File.WriteAllText(At("file"), "");
        Directory.CreateDirectory(At("folder"));
        using FileCopyFolder folder = Folder(gaps);
        Assert.Equal(IcStatus.Fail, folder.Begin(new FileCopyRequest("f", "file", 0, CreatePath), out _).Status);
        Assert.Equal(IcStatus.AlreadyExists, folder.Begin(new FileCopyRequest("folder", "", 0), out _).Status);
        Assert.Equal(IcStatus.AlreadyExists, folder.Begin(new FileCopyRequest("folder", "", 0, Overwrite), out _).Status);
        Assert.Equal(IcStatus.InvalidArgument, folder.Begin(new FileCopyRequest(new string('ä', 200), "", 0), out _).Status);
        using (IFileCopyFile file = Begin(folder, "meanwhile", "", Overwrite))
        {
            Directory.CreateDirectory(At("meanwhile"));
            Assert.Equal(IcStatus.Fail, file.Complete().Status);
        }

        RequireOnly("file");
    }

    [Fact]
    public void A_disk_that_is_full_is_told_as_such()
    {
        // /dev/full answers every write as a full disk does; a file system of its own takes root.
        Assert.Equal(IcStatus.DiskFull, FileCopyDraft.Verdict("x", Errno.NoSpace).Status);
        Assert.Equal(IcStatus.DiskFull, FileCopyDraft.Verdict("x", Errno.QuotaExceeded).Status);
        Assert.Contains("errno 28", FileCopyDraft.Verdict("x", Errno.NoSpace).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_too_large_for_the_file_system_is_refused_and_leaves_nothing()
    {
        using FileCopyFolder folder = Folder(0);
        using (IFileCopyFile file = Begin(folder, "f", ""))
            Assert.NotEqual(IcStatus.Success, file.Write(long.MaxValue - 1, "ab"u8).Status);
        RequireOnly();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_does_not_reach_the_disk_gets_no_name(bool isReplaced)
    {
        File.WriteAllText(At(".hidden"), "new");
        if (isReplaced)
            File.WriteAllText(At("f"), "old");
        using (FileCopyDraft draft = DraftOnNoDisk(isReplaced))
        {
            Assert.Equal(FileCopyVerdict.Success, draft.Write(0, "new"u8));
            FileCopyVerdict verdict = draft.Complete();
            Assert.Equal(IcStatus.Fail, verdict.Status);
            Assert.StartsWith("writing it to the disk", verdict.Reason, StringComparison.Ordinal);
        }

        RequireOnly(isReplaced ? ["f"] : []);
        Assert.True(!isReplaced || File.ReadAllText(At("f")) == "old");
    }

    [Fact]
    public void A_large_file_goes_to_the_disk_while_it_comes()
    {
        using FileCopyDraft draft = DraftOnNoDisk(isReplaced: false);
        byte[] piece = new byte[8 << 20];
        for (int i = 0; i < 3; i++)
            Assert.Equal(FileCopyVerdict.Success, draft.Write(i * (long)piece.Length, piece));
        Assert.StartsWith("writing it", draft.Write(3L * piece.Length, piece).Reason, StringComparison.Ordinal);
        Assert.Equal(FileCopyVerdict.Success, draft.Write(4L * piece.Length, piece));
    }

    [Fact]
    public void A_root_that_is_none_is_told_at_once()
    {
        Assert.Equal(Errno.NoSuchFile, Assert.Throws<ErrnoException>(() => FileCopyFolder.Open(At("nothing"))).Errno);
        Assert.Equal(Errno.NotFolder, Assert.Throws<ErrnoException>(() => FileCopyFolder.Open(Path.Combine(_top.FullName, "secret"))).Errno);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void No_descriptor_is_left_open(int gaps)
    {
        using FileCopyFolder folder = Folder(gaps);
        Cycle();
        int before = Descriptors();
        for (int i = 0; i < 20; i++)
            Cycle();
        Assert.InRange(Descriptors(), 0, before + 10);      // other tests run beside this one

        void Cycle()
        {
            Put(folder, "f", "x", Overwrite | CreatePath, "a/b/c");
            folder.Begin(new FileCopyRequest("f", "a/b/c", 0), out _);
            folder.Begin(new FileCopyRequest("c", "a/b", 0, Overwrite), out _);
            folder.Begin(new FileCopyRequest("f", "a/b/missing/d", 0), out _);
            Begin(folder, "g", "a").Dispose();
        }

        static int Descriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
    }

    // Takes every byte and synchronizes none: fsync(2) of /dev/null is an error.
    private FileCopyDraft DraftOnNoDisk(bool isReplaced)
        => new(FolderFile.Open(_root), new RegularFile(TestLibc.OpenNull()), ".hidden", "f", isReplaced, KernelGaps.None);

    private FileCopyFolder Folder(int gaps) => FileCopyFolder.Open(_root, (UnixFileMode)0b110_100_100, (KernelGaps)gaps);

    private static IFileCopyFile Begin(FileCopyFolder folder, string name, string path, IcFileCopyFlags flags = IcFileCopyFlags.None)
    {
        FileCopyVerdict verdict = folder.Begin(new FileCopyRequest(name, path, 0, flags), out IFileCopyFile? file);
        Assert.Equal(FileCopyVerdict.Success, verdict);
        return file!;
    }

    private static void Put(FileCopyFolder folder, string name, string text, IcFileCopyFlags flags = IcFileCopyFlags.None, string path = "")
    {
        using IFileCopyFile file = Begin(folder, name, path, flags);
        Assert.True(file.Write(0, Encoding.UTF8.GetBytes(text)).IsSuccess);
        Assert.Equal(FileCopyVerdict.Success, file.Complete());
    }

    private string At(string path) => Path.Combine(_root, path);

    private void RequireOnly(params string[] files)
        => Assert.Equal(files.Order(StringComparer.Ordinal), Directory.GetFiles(_root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }).Select(file => Path.GetRelativePath(_root, file)).Order(StringComparer.Ordinal));
}
