using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using VmBus.Backends.Tests.Linux;
using VmBus.Integration;
using VmBus.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Kvp;

[SupportedOSPlatform("linux")]
public sealed class KvpCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vmbus-kvp");
    private readonly FakeTerminal _terminal = new();

    public void Dispose()
    {
        _terminal.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Pairs_are_set_got_listed_and_deleted()
    {
        Assert.Equal(0, await Run("kvp", "set", "state", "ready"));
        Assert.Equal(0, await Run("kvp", "set", "HostName", "h", "--pool", "3"));
        Assert.Equal(0, await Run("kvp", "get", "state"));
        Assert.Equal(0, await Run("kvp", "list"));
        Assert.Equal(0, await Run("kvp", "delete", "state"));
        Assert.Equal(1, await Run("kvp", "get", "state"));
        Assert.Equal(0, await Run("kvp", "list", "--pool", "guest"));
        Assert.Equal($"ready\nguest (1)\n  state = ready\nauto-external (3)\n  HostName = h\nno pairs in {_folder.FullName}\n", _terminal.Out);
        Assert.Equal($"vmbus: no key 'state' in any pool of {_folder.FullName}\n", _terminal.Error);
        Assert.Equal(2560, new FileInfo(PathOf(3)).Length);
    }

    [Fact]
    public async Task What_the_host_wrote_gives_the_terminal_no_commands()
    {
        Write(0, ("key\e[2J", "a\nb\u009b31m\u202e"));
        Assert.Equal(0, await Run("kvp", "list"));
        Assert.Equal(0, await Run("kvp", "list", "--json"));
        Assert.Equal("external (0)\n  key\\u001b[2J = a\\nb\\u009b31m\\u202e\n", _terminal.Out[.._terminal.Out.IndexOf('{', StringComparison.Ordinal)]);
        Assert.All(_terminal.Out.Replace("\n", "", StringComparison.Ordinal), one => Assert.InRange(one, ' ', '~'));
        JsonElement pair = JsonDocument.Parse(_terminal.Out[_terminal.Out.IndexOf('{', StringComparison.Ordinal)..]).RootElement.GetProperty("pairs")[0];
        Assert.Equal(("external", "key\e[2J", "a\nb\u009b31m\u202e"), (pair.GetProperty("pool").GetString(), pair.GetProperty("key").GetString(), pair.GetProperty("value").GetString()));
    }

    [Fact]
    public async Task A_value_goes_to_a_program_as_it_is_and_whole()
    {
        string value = new string('x', 2040) + "\e\n";
        Write(1, ("long", value));
        Assert.Equal(0, await Run("kvp", "get", "long", "--pool", "guest"));
        Assert.Equal(value + "\n", _terminal.Out);
    }

    [Theory]
    [InlineData("kvp", "give one of list, get, set, delete, event, watch, or --serve (see 'vmbus kvp --help')")]
    [InlineData("kvp list --pool hosts", "--pool hosts: must be external, guest, auto, auto-external, auto-internal, or a number from 0 to 4")]
    [InlineData("kvp event a --agent cloud-init", "--agent cloud-init: leave it out to write as cloud-init does")]
    [InlineData("kvp event a --agent x --result FAIL", "--result is cloud-init's: azure-init's events have none")]
    [InlineData("kvp watch --interval 1us", "--interval 1us: must be between 10 ms and 3600 s")]
    public async Task Bad_usage_is_one_line(string line, string error)
    {
        Assert.Equal(ExitCode.Usage, await Run(line.Split(' ')));
        Assert.Equal($"vmbus: {error}\n", _terminal.Error);
    }

    [Fact]
    public async Task Lengths_that_no_record_holds_are_refused()
    {
        Assert.Equal(ExitCode.Usage, await Run("kvp", "set", "", "v"));
        Assert.Equal(ExitCode.Usage, await Run("kvp", "set", new string('k', 512), "v"));
        Assert.Equal(ExitCode.Usage, await Run("kvp", "set", "k", new string('v', 1024)));
        Assert.Equal(ExitCode.Usage, await Run("kvp", "set", "k", new string('語', 700)));
        Assert.Empty(_folder.GetFiles("*", new EnumerationOptions { AttributesToSkip = 0 }));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_told()
    {
        _folder.Delete();
        Assert.Equal(ExitCode.Failed, await Run("kvp", "list"));
        Assert.StartsWith($"vmbus: there is no folder '{_folder.FullName}': hv_kvp_daemon makes it", _terminal.Error, StringComparison.Ordinal);
        _folder.Create();
    }

    [Fact]
    public async Task Events_are_written_and_read()
    {
        string text = string.Concat(Enumerable.Repeat("long grüße ", 300));
        Assert.Equal(0, await Run("kvp", "event", "app/start", text, "--type", "finish", "--result", "SUCCESS", "--vm-id", "5d3a1c2b-0000-4000-8000-aabbccddeeff"));
        Assert.Equal(0, await Run("kvp", "event", "setup", "done", "--agent", "my-agent-1.0"));
        Assert.Matches("^CLOUD_INIT\\|\\d+\\|5d3a1c2b-0000-4000-8000-aabbccddeeff\\|finish\\|app/start\\|\\S{36}\\|0\nmy-agent-1\\.0\\|\\S{36}\\|INFO\\|setup\\|\\S{36}\n$", _terminal.Out);
        int length = _terminal.Out.Length;
        Assert.Equal(0, await Run("kvp", "list", "--events", "--json"));
        JsonElement events = JsonDocument.Parse(_terminal.Out[length..]).RootElement.GetProperty("events");
        Assert.Equal(2, events.GetArrayLength());
        Assert.Equal((text, "SUCCESS", false), (events[0].GetProperty("message").GetString(), events[0].GetProperty("result").GetString(), events[0].GetProperty("damaged").GetBoolean()));
        length = _terminal.Out.Length;
        Assert.Equal(0, await Run("kvp", "list", "--events"));
        Assert.Equal("- my-agent-1.0 INFO setup: done", _terminal.Out[length..].TrimEnd().Split('\n')[^1]);
    }

    [Fact]
    public async Task Changes_are_told_as_they_are_seen()
    {
        Write(1, ("old", "1"), ("gone", "1"));
        FakeTimeProvider clock = new();
        using CancellationTokenSource stop = new();
        Task<int> watch = VmBusCommand.RunAsync(
            ["kvp", "watch", "--dir", _folder.FullName], _terminal.Terminal, FakeEngines.For(FakeEngines.Good).With(clock), stop.Token);
        KvpPoolFiles files = new(_folder.FullName);
        files.Set(IcKvpPool.Guest, "old", KvpValue.Of("2"));
        files.Set(IcKvpPool.External, "new", KvpValue.Of("\e"));
        files.Delete(IcKvpPool.Guest, "gone");
        clock.Advance(TimeSpan.FromSeconds(1));
        Background.Until(() => _terminal.Out.Count(one => one == '\n') == 3, "three changes are told");
        clock.Advance(TimeSpan.FromSeconds(1));
        stop.Cancel();
        Assert.Equal(0, await watch.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal(
            ["set external new = \\u001b", "set guest old = 2", "deleted guest gone"],
            _terminal.Out.TrimEnd().Split('\n').Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]));
    }

    [Fact]
    public async Task It_answers_the_host_in_the_daemons_place()
    {
        using StandInKvpKernel kernel = new();
        using CancellationTokenSource stop = new();
        Engines engines = FakeEngines.For(FakeEngines.Good).With((store, _) => KvpDaemon.Open(store, kernel));
        Task<int> serve = VmBusCommand.RunAsync(["kvp", "--serve", "--dir", _folder.FullName], _terminal.Terminal, engines, stop.Token);
        Background.Until(() => kernel.IsReady, "the daemon has greeted the kernel");
        Assert.Equal(IcStatus.Success, kernel.Set(0, "from", "host").Status);
        Assert.Equal(0, await Run("kvp", "get", "from", "--pool", "external"));
        Assert.Equal(0, await Run("kvp", "set", "to", "host"));
        Assert.Equal("host", kernel.Get(1, "to").Value);
        stop.Cancel();
        Assert.Equal(0, await serve.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        Assert.Equal("host\n", _terminal.Out);
        Assert.Equal(
            $"vmbus: /dev/vmbus/hv_kvp answers the host from {_folder.FullName}; Ctrl-C ends it\n"
            + "vmbus: 2 questions answered, 0 of them with an error or the end of a list, 0 too late\n",
            _terminal.Error);
    }

    private Task<int> Run(params string[] args) => _terminal.Run(FakeEngines.Good, args is ["kvp"] ? args : [.. args, "--dir", _folder.FullName]);

    private void Write(int pool, params (string Key, string Value)[] pairs)
    {
        byte[] records = new byte[pairs.Length * KvpPoolFiles.RecordLength];
        for (int i = 0; i < pairs.Length; i++)
        {
            Encoding.UTF8.GetBytes(pairs[i].Key, records.AsSpan(i * KvpPoolFiles.RecordLength));
            Encoding.UTF8.GetBytes(pairs[i].Value, records.AsSpan(i * KvpPoolFiles.RecordLength + 512));
        }

        File.WriteAllBytes(PathOf(pool), records);
    }

    private string PathOf(int pool) => Path.Combine(_folder.FullName, $".kvp_pool_{pool}");
}
