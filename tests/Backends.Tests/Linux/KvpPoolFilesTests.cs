using System.Runtime.Versioning;
using System.Text;
using FsCheck.Xunit;
using Microsoft.Win32.SafeHandles;
using VmBus.Integration;
using VmBus.Interop;
using VmBus.Linux;

namespace VmBus.Backends.Tests.Linux;

[SupportedOSPlatform("linux")]
public sealed class KvpPoolFilesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vmbus-kvp");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_pair_is_a_record_of_key_and_value_as_the_kernels_daemon_writes_it()
    {
        KvpPoolFiles files = Make();
        Assert.False(files.TryGet(IcKvpPool.Guest, "a", out _));
        Assert.False(files.TryGetAt(IcKvpPool.Guest, 0, out _, out _));
        Assert.Equal(IcStatus.NotFound, files.Delete(IcKvpPool.Guest, "a"));
        Assert.Empty(_folder.GetFiles());

        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, "schlüssel", KvpValue.Of("wert")));
        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, "b", KvpValue.Of(7u)));

        byte[] expected = new byte[2 * 2560];
        Encoding.UTF8.GetBytes("schlüssel", expected);
        Encoding.UTF8.GetBytes("wert", expected.AsSpan(512));
        Encoding.UTF8.GetBytes("b", expected.AsSpan(2560));
        Encoding.UTF8.GetBytes("7", expected.AsSpan(2560 + 512));
        string path = Assert.Single(_folder.GetFiles(".kvp_pool_1", new EnumerationOptions { AttributesToSkip = 0 })).FullName;
        Assert.Equal(expected, File.ReadAllBytes(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_whole_pool_is_read_with_values_as_long_as_their_room_and_keys_that_are_there_twice()
    {
        byte[] old = new byte[4 * 2560 + 7];
        old.AsSpan(0, 512).Fill((byte)'k');
        old.AsSpan(512, 2048).Fill((byte)'v');
        Encoding.UTF8.GetBytes("twice", old.AsSpan(2 * 2560));
        Encoding.UTF8.GetBytes("twice", old.AsSpan(3 * 2560));
        File.WriteAllBytes(PathOf(2), old);
        Assert.Equal([(new string('k', 512), new string('v', 2048)), ("twice", ""), ("twice", "")], Make().ReadAll(IcKvpPool.Auto));
        Assert.Empty(Make().ReadAll(IcKvpPool.Guest));
    }

    [Fact]
    public void Pairs_are_added_behind_the_last_all_of_them_or_none()
    {
        KvpPoolFiles files = new(_folder.FullName, maxPairs: 4);
        Assert.Equal(IcStatus.Success, files.Append(IcKvpPool.Guest, [("a", "1"), ("a", "2")]));
        Assert.Equal(IcStatus.InvalidArgument, files.Append(IcKvpPool.Guest, [("b", "1"), ("", "2")]));
        Assert.Equal(IcStatus.InvalidArgument, files.Append(IcKvpPool.Guest, [("b", new string('v', 2048))]));
        Assert.Equal(IcStatus.DiskFull, files.Append(IcKvpPool.Guest, [("b", "1"), ("c", "2"), ("d", "3")]));
        Assert.Equal(IcStatus.Success, files.Append(IcKvpPool.Guest, [("b", new string('v', 2047)), ("c", "3")]));
        Assert.Equal(["a=1", "a=2", $"b={new string('v', 2047)}", "c=3"], files.ReadAll(IcKvpPool.Guest).Select(pair => $"{pair.Key}={pair.Value}"));

        // A disk that takes nothing, under the same locks.
        File.CreateSymbolicLink(PathOf(4), "/dev/full");
        Assert.Equal(IcStatus.DiskFull, files.Append(IcKvpPool.AutoInternal, [("a", "1")]));
    }

    [Fact]
    public void What_the_kernels_daemon_left_is_read_changed_and_deleted_in_place()
    {
        // A shorter value over a longer one leaves the longer one's end behind the zero, and a crash half a record.
        byte[] old = new byte[3 * 2560 + 100];
        for (int i = 0; i < 3; i++)
        {
            Encoding.UTF8.GetBytes($"key{i}\0rubbish", old.AsSpan(i * 2560));
            Encoding.UTF8.GetBytes($"value{i}\0rubbish", old.AsSpan(i * 2560 + 512));
        }
        File.WriteAllBytes(PathOf(0), old);
        KvpPoolFiles files = Make();

        Assert.Equal(["key0=value0", "key1=value1", "key2=value2"], All(files, IcKvpPool.External));
        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.External, "key1", KvpValue.Of("new")));
        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.External, "key", KvpValue.Of("shorter key, no key1")));
        Assert.Equal(["key0=value0", "key1=new", "key2=value2", "key=shorter key, no key1"], All(files, IcKvpPool.External));
        Assert.Equal(4 * 2560, new FileInfo(PathOf(0)).Length);

        Assert.Equal(IcStatus.Success, files.Delete(IcKvpPool.External, "key1"));
        Assert.Equal(IcStatus.NotFound, files.Delete(IcKvpPool.External, "key1"));
        Assert.Equal(["key0=value0", "key2=value2", "key=shorter key, no key1"], All(files, IcKvpPool.External));
        foreach (string key in (string[])["key", "key0", "key2"])
            Assert.Equal(IcStatus.Success, files.Delete(IcKvpPool.External, key));
        Assert.Equal(0, new FileInfo(PathOf(0)).Length);
    }

    [Fact]
    public void What_no_program_should_have_written_is_read_as_far_as_it_goes()
    {
        byte[] odd = new byte[2560];
        odd.AsSpan().Fill((byte)'x');
        odd.AsSpan(600, 10).Fill(0xFF);
        File.WriteAllBytes(PathOf(3), odd);
        Assert.True(Make().TryGetAt(IcKvpPool.AutoExternal, 0, out string? key, out KvpValue value));
        Assert.Equal((255, 1023), (key.Length, value.ToString().Length));
        Assert.Contains('\uFFFD', value.ToString());
    }

    [Fact]
    public void What_does_not_fit_into_a_record_and_one_pair_too_many_are_refused()
    {
        KvpPoolFiles files = new(_folder.FullName, maxPairs: 2);
        Assert.Equal(IcStatus.InvalidArgument, files.Set(IcKvpPool.Guest, new string('語', 171), KvpValue.Of("")));
        Assert.Equal(IcStatus.InvalidArgument, files.Set(IcKvpPool.Guest, "", KvpValue.Of("")));
        Assert.Equal(IcStatus.InvalidArgument, files.Set(IcKvpPool.Guest, "a\0b", KvpValue.Of("")));
        Assert.Equal(IcStatus.InvalidArgument, files.Set(IcKvpPool.Guest, "k", KvpValue.Of(new string('語', 683))));
        Assert.Equal(IcStatus.InvalidArgument, files.Set(IcKvpPool.Guest, "k", default));

        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, new string('語', 170), KvpValue.Of(new string('語', 682))));
        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, "k", KvpValue.Of("1")));
        Assert.Equal(IcStatus.DiskFull, files.Set(IcKvpPool.Guest, "l", KvpValue.Of("1")));
        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, "k", KvpValue.Of("2")));
        Assert.Equal([$"{new string('語', 170)}={new string('語', 682)}", "k=2"], All(files, IcKvpPool.Guest));
    }

    [Fact]
    public void Whoever_has_the_lock_is_waited_for()
    {
        KvpPoolFiles files = new(_folder.FullName, patience: Patience.Limit);
        files.Set(IcKvpPool.Guest, "k", KvpValue.Of("1"));
        Background writer;
        using (SafeFileHandle other = PlainFile.TryOpen(PathOf(1), forWriting: true, null, out _)!)
        {
            Assert.True(FileLock.TryAcquire(other, exclusive: true, TimeSpan.Zero));
            writer = Background.Run(() => Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, "k", KvpValue.Of("2"))));
            Background.Until(() => files.Waits == 1, "the writer waits for the lock");
            byte[] value = new byte[1];
            Assert.Equal(1, RandomAccess.Read(other, value, 512));
            Assert.Equal((byte)'1', value[0]);
        }
        writer.Join();
        Assert.Equal(["k=2"], All(files, IcKvpPool.Guest));
    }

    // Each of the two kinds, as another process has it: the call is given up in time, and says what it waited for.
    [Theory]
    [InlineData("flock", true)]
    [InlineData("flock", false)]
    [InlineData("lockf", true)]
    [InlineData("lockf", false)]
    public void A_lock_that_is_not_given_back_is_an_error_in_time(string kind, bool writes)
    {
        KvpPoolFiles files = new(_folder.FullName, patience: TimeSpan.FromMilliseconds(50));
        files.Set(IcKvpPool.Guest, "k", KvpValue.Of("1"));
        using (var holder = new OtherWriter($"f = open(path, 'r+b'); fcntl.{kind}(f, fcntl.LOCK_EX); print('ready', flush=True); sys.stdin.read()", PathOf(1)))
        {
            holder.WaitUntilReady();
            IOException error = Assert.Throws<IOException>(() => writes ? files.Set(IcKvpPool.Guest, "k", KvpValue.Of("2")) == 0 : files.TryGet(IcKvpPool.Guest, "k", out _));
            Assert.Contains(PathOf(1), error.Message, StringComparison.Ordinal);
        }
        Assert.Equal(["k=1"], All(files, IcKvpPool.Guest));
    }

    // Cloud-init appends under flock, the kernel's daemon reads and writes the whole file again under fcntl.
    [Theory]
    [InlineData("f = open(path, 'ab'); fcntl.flock(f, fcntl.LOCK_EX); f.write(record(i)); f.close()")]
    [InlineData("f = open(path, 'r+b'); fcntl.flock(f, fcntl.LOCK_EX); a = f.read(); f.seek(0); f.truncate(); f.write(a + record(i)); f.close()")]
    [InlineData("f = open(path, 'r+b'); fcntl.lockf(f, fcntl.LOCK_EX); a = f.read(); f.seek(0); f.truncate(); f.write(a + record(i)); f.close()")]
    public void Other_programs_under_either_lock_lose_nothing_and_neither_do_we(string append)
    {
        const int Each = 150;
        KvpPoolFiles[] ours = [new(_folder.FullName, patience: Patience.Limit), new(_folder.FullName, patience: Patience.Limit)];
        File.WriteAllBytes(PathOf(1), []);
        OtherWriter[] theirs = [.. Enumerable.Range(0, 2).Select(w => new OtherWriter(
            "def record(i): return (b'p%s-%d' % (sys.argv[2].encode(), i)).ljust(512, b'\\0') + b'v'.ljust(2048, b'\\0')\n"
            + $"print('ready', flush=True); sys.stdin.readline()\nfor i in range({Each}):\n    {append}", PathOf(1), $"{w}"))];
        Array.ForEach(theirs, one => one.WaitUntilReady());
        Array.ForEach(theirs, one => one.Go());

        Background[] writers = [.. ours.Select((files, w) => Background.Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, $"o{w}-{i}", KvpValue.Of("v")));
                Assert.True(files.TryGet(IcKvpPool.Guest, $"o{w}-{i}", out _));
            }
        }))];
        Array.ForEach(writers, one => one.Join());
        Array.ForEach(theirs, one => one.WaitForSuccess());

        IEnumerable<string> expected = from side in "op" from w in Enumerable.Range(0, 2) from i in Enumerable.Range(0, Each) select $"{side}{w}-{i}=v";
        Assert.Equal(expected.Order(StringComparer.Ordinal), All(ours[0], IcKvpPool.Guest).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Records_of_zeros_are_no_pairs_and_the_next_change_closes_them_up()
    {
        byte[] holes = new byte[5 * 2560];
        Encoding.UTF8.GetBytes("b", holes.AsSpan(1 * 2560));
        Encoding.UTF8.GetBytes("d", holes.AsSpan(3 * 2560));
        File.WriteAllBytes(PathOf(1), holes);
        KvpPoolFiles files = new(_folder.FullName, maxPairs: 3);

        Assert.Equal(["b=", "d="], All(files, IcKvpPool.Guest));
        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, "d", KvpValue.Of("1")));
        Assert.Equal(2 * 2560, new FileInfo(PathOf(1)).Length);
        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, "e", KvpValue.Of("2")));
        Assert.Equal(IcStatus.DiskFull, files.Set(IcKvpPool.Guest, "f", KvpValue.Of("3")));
        Assert.Equal(["b=", "d=1", "e=2"], All(files, IcKvpPool.Guest));

        File.WriteAllBytes(PathOf(1), holes);
        Assert.Equal(IcStatus.Success, files.Delete(IcKvpPool.Guest, "b"));
        Assert.Equal(["d="], All(files, IcKvpPool.Guest));
        Assert.Equal(2560, new FileInfo(PathOf(1)).Length);
    }

    // Cloud-init empties the file without a lock, at any moment of ours.
    [Fact]
    public void A_file_that_is_emptied_beside_our_writes_keeps_no_hole()
    {
        KvpPoolFiles files = Make();
        files.Set(IcKvpPool.Guest, "first", KvpValue.Of("v"));
        using (var emptier = new OtherWriter("print('ready', flush=True); sys.stdin.readline()\nfor i in range(300): open(path, 'w').close()", PathOf(1)))
        {
            emptier.WaitUntilReady();
            emptier.Go();
            for (int i = 0; !emptier.HasEnded; i++)
            {
                Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, $"k{i % 20}", KvpValue.Of("v")));
                Assert.All(All(files, IcKvpPool.Guest), pair => Assert.NotEqual('=', pair[0]));
            }
            emptier.WaitForSuccess();
        }
        files.Set(IcKvpPool.Guest, "last", KvpValue.Of("v"));
        List<string> pairs = All(files, IcKvpPool.Guest);
        Assert.Contains("last=v", pairs);
        Assert.Equal(2560 * pairs.Count, new FileInfo(PathOf(1)).Length);
    }

    [Fact]
    public void Two_writers_lose_nothing()
    {
        KvpPoolFiles[] both = [Make(), Make()];
        Background[] writers = [.. both.Select((files, w) => Background.Run(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, $"{w}-{i}", KvpValue.Of("v")));
                if (i % 2 == 1)
                    Assert.Equal(IcStatus.Success, files.Delete(IcKvpPool.Guest, $"{w}-{i}"));
            }
        }))];
        Array.ForEach(writers, one => one.Join());
        Assert.Equal(from w in Enumerable.Range(0, 2) from i in Enumerable.Range(0, 50) select $"{w}-{2 * i}=v", All(both[0], IcKvpPool.Guest).OrderBy(one => one[0]).ThenBy(one => int.Parse(one[2..^2])));
    }

    [Fact]
    public void The_guest_tells_of_itself_where_that_is_asked_for()
    {
        KvpPoolFiles files = Make();
        Dictionary<string, string> pairs = All(files, IcKvpPool.Auto).Select(one => one.Split('=', 2)).ToDictionary(one => one[0], one => one[1]);
        Assert.Equal(Environment.MachineName, pairs["FullyQualifiedDomainName"]);
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), pairs["OSBuildNumber"]);
        Assert.Equal(9, pairs.Count);
        Assert.NotEmpty(pairs["ProcessorArchitecture"]);
        // Getting and setting there are the file's, as with the kernel's daemon.
        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Auto, "k", KvpValue.Of("v")));
        Assert.True(files.TryGet(IcKvpPool.Auto, "k", out _));
    }

    [Theory]
    [InlineData("""NAME="Debian GNU/Linux" """, "Debian GNU/Linux")]
    [InlineData("NAME='a b'", "a b")]
    [InlineData("""NAME="a \"b\" \\c" """, "a \"b\" \\c")]
    [InlineData("NAME=", "")]
    [InlineData("ID=x", "")]
    [InlineData("NAME=\"", "\"")]
    public void A_value_of_os_release_loses_its_quotes(string line, string value) => Assert.Equal(value, KvpGuestPairs.Of([line], "NAME"));

    // The law: whatever is done to the files, a store in memory says the same.
    [Property(MaxTest = 50)]
    public bool Files_are_a_store_like_the_one_in_memory(byte[] script)
    {
        string folder = Directory.CreateTempSubdirectory("vmbus-kvp").FullName;
        try
        {
            KvpPoolFiles files = new(folder, 5);
            KvpStore memory = new(5);
            foreach (byte step in script)
            {
                string key = $"k{step % 7}";
                bool same = (step / 7 % 3) switch
                {
                    0 => files.Set(IcKvpPool.Guest, key, KvpValue.Of($"{step}")) == memory.Set(IcKvpPool.Guest, key, KvpValue.Of($"{step}")),
                    1 => files.Delete(IcKvpPool.Guest, key) == memory.Delete(IcKvpPool.Guest, key),
                    _ => files.TryGet(IcKvpPool.Guest, key, out KvpValue ours) == memory.TryGet(IcKvpPool.Guest, key, out KvpValue theirs) && ours == theirs,
                };
                if (!same || !All(files, IcKvpPool.Guest).SequenceEqual(All(memory, IcKvpPool.Guest)))
                    return false;
            }
            return true;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private KvpPoolFiles Make() => new(_folder.FullName);

    private string PathOf(int pool) => Path.Combine(_folder.FullName, $".kvp_pool_{pool}");

    private static List<string> All(IKvpStore store, IcKvpPool pool)
    {
        List<string> pairs = [];
        for (uint i = 0; store.TryGetAt(pool, i, out string? key, out KvpValue value); i++)
            pairs.Add($"{key}={value}");
        return pairs;
    }
}
