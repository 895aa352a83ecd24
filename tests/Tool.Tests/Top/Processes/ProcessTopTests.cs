using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using VmBus.Devices;
using VmBus.InMemory;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Top.Processes;

public sealed class ProcessTopTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly string Own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public async Task The_channels_of_a_real_process_are_read_through_its_diagnostic_port()
    {
        await using var machine = new InMemoryMachine();
        var offer = new HostOffer(EchoDevice.InterfaceType, Guid.NewGuid());
        await machine.Host.OfferAsync(offer, new EchoDevice());
        await using VmBusChannel channel = await machine.OpenAsync(offer, cancellationToken: Token);
        await channel.SendAsync(new byte[8], cancellationToken: Token);
        Assert.True(await channel.WaitToReadAsync(Token));
        using FakeTerminal terminal = new();

        int exitCode = await terminal.Run("good", "top", "--process", Own, "--once", "--json", "--count", "2", "--interval", "200ms");

        Assert.Equal((0, ""), (exitCode, terminal.Error));
        using JsonDocument document = JsonDocument.Parse(terminal.Out);
        Assert.Equal("vmbus-top-process/1", document.RootElement.GetProperty("schema").GetString());
        Assert.True(document.RootElement.GetProperty("interval_seconds").GetDouble() > 0);
        JsonElement[] ends = [.. document.RootElement.GetProperty("channels").EnumerateArray().Where(end => end.GetProperty("instance").GetString() == offer.InterfaceInstance.ToString())];
        Assert.Equal(["guest", "host"], ends.Select(end => end.GetProperty("end").GetString()));
        Assert.Equal(1, ends[0].GetProperty("totals").GetProperty("sent").GetInt32());
        Assert.Equal(1, ends[1].GetProperty("totals").GetProperty("received").GetInt32());
        Assert.Equal(0, ends[0].GetProperty("rates").GetProperty("sent").GetInt32());
        Assert.Equal(32, ends[0].GetProperty("incoming").GetProperty("used_bytes").GetInt32());
    }

    [Theory]
    [InlineData("no-such-program", "No .NET process of the name no-such-program runs here.")]
    [InlineData("2147483647", "Process 2147483647 does not let its metrics be read: ")]
    public async Task A_process_that_cannot_be_read_is_an_error_in_words(string process, string expected)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(1, await terminal.Run("good", "top", "--process", process, "--once"));
        Assert.StartsWith($"vmbus: {expected}", terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("aka.ms", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_screen_follows_readings_and_keys_and_ends_with_the_process()
    {
        FakeScreen screen = new();
        Channel<ProcessReading> readings = Channel.CreateUnbounded<ProcessReading>();
        Task<bool> run = new ProcessTopRun(42, new TopOptions(), readings.Reader).ShowAsync(screen, Token);

        readings.Writer.TryWrite(Reading(sent: 10, rate: null));
        string first = await screen.NextAsync();
        Assert.Contains("process 42, 1 ends of channels, per second", first, StringComparison.Ordinal);
        readings.Writer.TryWrite(Reading(sent: 30, rate: 20));
        Assert.Matches(@"guest +7  network/2 +20 ", await screen.NextAsync());
        screen.Press('t');
        Assert.Matches(@"guest +7  network/2 +30 ", await screen.NextAsync());
        Assert.True(screen.IsShown);

        readings.Writer.Complete();
        Assert.True(await run.WaitAsync(Patience.Limit, Token));
        Assert.False(screen.IsShown);
    }

    [Fact]
    public async Task A_key_ends_the_screen_and_a_failure_of_the_session_is_thrown()
    {
        FakeScreen screen = new();
        Channel<ProcessReading> readings = Channel.CreateUnbounded<ProcessReading>();
        readings.Writer.TryWrite(Reading(sent: 10, rate: null));
        Task<bool> run = new ProcessTopRun(42, new TopOptions(), readings.Reader).ShowAsync(screen, Token);
        await screen.NextAsync();
        screen.Press('q');
        Assert.False(await run.WaitAsync(Patience.Limit, Token));
        Assert.False(screen.IsShown);

        using FakeTerminal terminal = new();
        readings.Writer.Complete(new ToolException("broken"));
        await Assert.ThrowsAsync<ToolException>(() => new ProcessTopRun(42, new TopOptions(), readings.Reader).PrintAsync(terminal.Terminal, Token));
    }

    [Fact]
    public async Task A_process_that_ends_is_told_as_such()
    {
        Channel<ProcessReading> readings = Channel.CreateUnbounded<ProcessReading>();
        readings.Writer.TryWrite(Reading(sent: 10, rate: null));
        readings.Writer.Complete();
        using FakeTerminal terminal = new();

        await new ProcessTopRun(42, new TopOptions(), readings.Reader).PrintAsync(terminal.Terminal, Token);

        Assert.Contains("network/2", terminal.Out, StringComparison.Ordinal);
        Assert.Equal("Process 42 has ended.\n", terminal.Error);
    }

    private static ProcessReading Reading(double sent, double? rate)
    {
        ProcessCounts none = new(null, null, null, null, null, null, null, null, null, null);
        ProcessChannel channel = new(new("guest", "network", "aa", 7, 2), none with { Sent = sent }, rate is null ? null : none with { Sent = rate }, new(0, 4096), new(null, null));
        return new(new DateTime(2026, 11, 30, 12, 0, 0, DateTimeKind.Utc), rate is null ? null : 1, [channel], new Dictionary<string, double>());
    }
}
