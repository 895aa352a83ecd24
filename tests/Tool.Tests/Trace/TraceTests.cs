using System.Text.Json;
using System.Text.Json.Nodes;
using VmBus.Core.Tests.Protocol.Descriptions;
using VmBus.Protocol;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Trace;

public sealed class TraceTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"vmbus-{Guid.NewGuid():N}.rec");

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData(80, false)]
    [InlineData(120, false)]
    [InlineData(80, true)]
    [InlineData(120, true)]
    public void A_conversation_fits_its_screen(int width, bool verbose) =>
        Golden.Check($"trace-{(verbose ? "verbose-" : "")}{width}.txt", Render(width, isCut: true, verbose));

    [Fact]
    public void No_line_is_wider_than_the_screen_and_each_message_begins_one()
    {
        for (int width = 80; width <= 200; width++)
        {
            string text = Render(width, isCut: true, verbose: true) + Render(width, isCut: true, verbose: false);
            foreach (string line in text.Split('\n'))
                Assert.True(line.Length <= width, $"At {width} columns this line has {line.Length}: {line}");
            Assert.Equal(2 * HandMadeConversation.Messages.Count, text.Split('\n').Count(line => line.Contains('→') || line.Contains('←')));
        }
    }

    [Fact]
    public async Task Redirected_a_message_is_one_plain_line_uncut()
    {
        (int exitCode, string output, string error) = await Run(HandMadeConversation.Recording());
        Assert.Equal((ExitCode.Success, ""), (exitCode, error));
        Golden.Check("trace-redirected.txt", output);
        Assert.DoesNotContain('\e', output);
        Assert.DoesNotContain("…", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_an_object_a_line_and_stable()
    {
        (int exitCode, string output, _) = await Run(HandMadeConversation.Recording(), "--json");
        Assert.Equal(ExitCode.Success, exitCode);
        Golden.Check("trace.jsonl", output);
        JsonNode[] lines = [.. output.TrimEnd().Split('\n').Select(line => JsonNode.Parse(line)!)];
        Assert.Equal("vmbus-trace/1", (string?)lines[0]["schema"]);
        Assert.Equal((42, 0), ((int?)lines[^1]["messages"], (int?)lines[^1]["leftover_bytes"]));
        foreach ((RecordedMessage message, JsonNode line) in HandMadeConversation.Messages.Zip(lines[1..^1]))
        {
            Assert.Equal(JsonValueKind.Object, line.GetValueKind());
            Assert.Equal(message.Time.Ticks * 100, (long)line["time_ns"]!);
            Assert.Equal(message.Bytes.ToArray(), Convert.FromHexString((string)line["bytes"]!));
        }
    }

    [Fact]
    public async Task Verbose_has_every_field()
    {
        (int exitCode, string output, _) = await Run(HandMadeConversation.Recording(), "--verbose");
        Assert.Equal(ExitCode.Success, exitCode);
        Assert.Contains("CHANNELMSG_OPENCHANNEL, 156 bytes", output, StringComparison.Ordinal);
        Assert.Contains("\n    downstream_page_offset  page 2 of", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cut_recording_is_printed_as_far_as_it_goes_and_says_so()
    {
        byte[] file = HandMadeConversation.Recording();
        (int exitCode, string output, _) = await Run(file[..^3]);
        Assert.Equal(ExitCode.Success, exitCode);
        Assert.EndsWith("The recording is cut: 37 bytes of one more record.\n", output, StringComparison.Ordinal);
        Assert.Contains("41 messages in ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recording_that_reached_its_limit_says_so_also_while_it_is_followed()
    {
        using (ConversationRecorder recorder = ConversationFile.Record(_file, maxLength: 200))
        {
            for (int message = 0; message < 10; message++)
                recorder.Observe(MessageDirection.HostToGuest, new byte[] { 22, 0, 0, 0, 0, 0, 0, 0 }, default, MessageFault.None);
        }

        byte[] file = await File.ReadAllBytesAsync(_file, TestContext.Current.CancellationToken);
        Assert.InRange(file.Length, 100, 200);
        foreach (string[] options in new string[][] { [], ["--follow"] })
        {
            (int exitCode, string output, _) = await Run(file, options);
            Assert.Equal(ExitCode.Success, exitCode);
            Assert.EndsWith("The recording reached its maximum length here: later messages are not in it.\n", output, StringComparison.Ordinal);
        }

        (_, string json, _) = await Run(file, "--json");
        Assert.EndsWith("\"at_limit\":true}\n", json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "ends before a recording begins: it has 0 bytes")]
    [InlineData("VMBUS", "ends before a recording begins: it has 5 bytes")]
    [InlineData("#!/bin/sh", "The file is not a recording: its header is invalid.")]
    public async Task What_is_no_recording_is_refused_in_one_line(string content, string error)
    {
        (int exitCode, string output, string told) = await Run(System.Text.Encoding.ASCII.GetBytes(content));
        Assert.Equal((ExitCode.Failed, ""), (exitCode, output));
        Assert.StartsWith($"vmbus: '{_file}'", told, StringComparison.Ordinal);
        Assert.EndsWith($"{error}\n", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_recording_is_printed_up_to_the_damage()
    {
        byte[] file = HandMadeConversation.Recording();
        file[150] ^= 1;
        (int exitCode, string output, string error) = await Run(file);
        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Contains("InitiateContact", output, StringComparison.Ordinal);
        Assert.Matches("^vmbus: '.*': The recording is damaged at byte 146: the checksum is 0x[0-9A-F]{8}, the data has 0x[0-9A-F]{8}.\n$", error);
    }

    [Theory]
    [InlineData("trace", "vmbus: Required argument missing for command: 'trace' (see 'vmbus trace --help')", ExitCode.Usage)]
    [InlineData("trace - --follow", "vmbus: --follow is for files; standard input is read until it ends anyway", ExitCode.Usage)]
    [InlineData("trace /no/such/file", "vmbus: cannot read '/no/such/file': no such file or directory", ExitCode.Failed)]
    [InlineData("trace /", "vmbus: cannot read '/': it is a directory", ExitCode.Failed)]
    public async Task What_cannot_be_is_one_line(string line, string error, int expected)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(expected, await terminal.Run(FakeEngines.Good, line.Split(' ')));
        Assert.Equal(error + "\n", terminal.Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Followed_it_prints_what_is_recorded_while_it_is_until_it_is_told_to_stop(bool json)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using ConversationRecorder recorder = ConversationFile.Record(_file);
        await using LineWatch lines = new();
        Terminal terminal = new() { Out = lines, Error = lines };
        Task<int> run = VmBusCommand.RunAsync(["trace", _file, "--follow", .. json ? ["--json"] : Array.Empty<string>()], terminal, FakeEngines.For(FakeEngines.Good), stop.Token);
        await lines.WaitFor(json ? "schema" : "seconds");
        foreach (ChannelMessageRule rule in ChannelMessages.All)
        {
            recorder.Observe(rule.Direction, new byte[] { (byte)rule.Type, 0, 0, 0, 0, 0, 0, 0 }, default, MessageFault.None);
            await lines.WaitFor(rule.Type.ToString());
        }

        Assert.False(run.IsCompleted);
        stop.Cancel();
        Assert.Equal(ExitCode.Success, await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        await lines.WaitFor(json ? "\"messages\":29" : "29 messages");
    }

    [Fact]
    public async Task A_file_written_anew_while_it_is_followed_is_said()
    {
        await using LineWatch lines = new();
        Terminal terminal = new() { Out = lines, Error = lines };
        await File.WriteAllBytesAsync(_file, HandMadeConversation.Recording(), TestContext.Current.CancellationToken);
        Task<int> run = VmBusCommand.RunAsync(["trace", _file, "--follow"], terminal, FakeEngines.For(FakeEngines.Good), TestContext.Current.CancellationToken);
        await lines.WaitFor("UnloadResponse");
        using ConversationRecorder recorder = ConversationFile.Record(_file);
        Assert.Equal(ExitCode.Failed, await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken));
        await lines.WaitFor("became shorter while it was followed");
    }

    [Fact]
    public void A_recording_that_cannot_be_written_is_a_failure_in_one_line()
    {
        ToolException e = Assert.Throws<ToolException>(() => ConversationFile.Record("/no/such/folder/x.rec"));
        Assert.Equal("cannot write '/no/such/folder/x.rec': no such file or directory", e.Message);
    }

    private static string Render(int width, bool isCut, bool verbose)
    {
        TraceLayout layout = new(width, isCut, verbose, unicode: true);
        IEnumerable<TraceLine> lines = layout.Head(new DateTimeOffset(2025, 3, 14, 15, 9, 26, TimeSpan.Zero))
            .Concat(HandMadeConversation.Messages.SelectMany(layout.Lines))
            .Concat(layout.Foot(0, false));
        return string.Concat(lines.Select(line => $"{line}\n"));
    }

    private async Task<(int ExitCode, string Out, string Error)> Run(byte[] file, params string[] args)
    {
        await File.WriteAllBytesAsync(_file, file, TestContext.Current.CancellationToken);
        using FakeTerminal terminal = new();
        int exitCode = await terminal.Run(FakeEngines.Good, ["trace", _file, .. args]);
        return (exitCode, terminal.Out, terminal.Error);
    }

    /// <summary>Text that a test waits for while it is written.</summary>
    private sealed class LineWatch : StringWriter
    {
        private readonly Lock _lock = new();
        private readonly SemaphoreSlim _written = new(0);

        public override void WriteLine(string? value)
        {
            lock (_lock)
                base.WriteLine(value);
            _written.Release();
        }

        public override void WriteLine(object? value) => WriteLine(value?.ToString());

        public async Task WaitFor(string text)
        {
            while (!IsThere(text))
                Assert.True(await _written.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken), $"no \"{text}\" came");
        }

        private bool IsThere(string text)
        {
            lock (_lock)
                return ToString().Contains(text, StringComparison.Ordinal);
        }
    }
}
