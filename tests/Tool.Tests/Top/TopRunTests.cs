using Microsoft.Extensions.Time.Testing;
using VmBus.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Top;

/// <summary>The live view on a screen of the tests', under a clock of the tests'.</summary>
public sealed class TopRunTests
{
    private readonly FakeScreen _screen = new();
    private readonly FakeTimeProvider _clock = new();
    private SysfsDevice[] _devices = [Guests.Network()];
    private int _readings;

    [Fact]
    public async Task Rates_come_with_the_second_reading()
    {
        Task run = Run();
        Assert.Contains("network", Line(await _screen.NextAsync()), StringComparison.Ordinal);

        _devices = [Guests.Network().With(channel => channel with { Interrupts = 1042 })];
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.EndsWith("42       0", Line(await _screen.NextAsync()), StringComparison.Ordinal);
        await Quit(run);
    }

    [Fact]
    public async Task Devices_that_come_and_go_appear_and_disappear()
    {
        Task run = Run();
        Assert.DoesNotContain("shutdown", await _screen.NextAsync(), StringComparison.Ordinal);

        _devices = [Guests.Network(), Guests.Shutdown];
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("shutdown", await _screen.NextAsync(), StringComparison.Ordinal);

        _devices = [];
        _clock.Advance(TimeSpan.FromSeconds(1));
        string empty = await _screen.NextAsync();
        Assert.Contains("0 devices, 0 channels", empty, StringComparison.Ordinal);
        Assert.DoesNotContain("network", empty, StringComparison.Ordinal);
        await Quit(run);
    }

    [Fact]
    public async Task While_paused_nothing_is_read_until_asked_for()
    {
        Task run = Run();
        await _screen.NextAsync();
        _screen.Press('p');
        Assert.Contains("PAUSED", await _screen.NextAsync(), StringComparison.Ordinal);

        _clock.Advance(TimeSpan.FromHours(1));
        _screen.Press('r');     // drawn again, not read
        await _screen.NextAsync();
        Assert.Equal(1, _readings);

        _screen.Press(' ');
        await _screen.NextAsync();
        Assert.Equal(2, _readings);
        _screen.Press('p');
        Assert.DoesNotContain("PAUSED", await _screen.NextAsync(), StringComparison.Ordinal);
        Assert.Equal(3, _readings);
        await Quit(run);
    }

    [Fact]
    public async Task A_screen_of_another_size_is_drawn_anew_at_once()
    {
        Task run = Run();
        Assert.DoesNotContain("DRIVER", await _screen.NextAsync(), StringComparison.Ordinal);

        _screen.Resize(170, 20);

        Assert.Contains("DRIVER", await _screen.NextAsync(), StringComparison.Ordinal);
        Assert.Equal(1, _readings);
        await Quit(run);
    }

    [Fact]
    public async Task Keys_choose_the_order_and_what_counters_show()
    {
        _devices = [Guests.Shutdown, Guests.Network()];
        Task run = Run();
        Assert.Contains("shutdown", Line(await _screen.NextAsync()), StringComparison.Ordinal);

        _screen.Press('t');
        Assert.Contains("INTR ", await _screen.NextAsync(), StringComparison.Ordinal);
        _screen.Press('i');
        Assert.Contains("network", Line(await _screen.NextAsync()), StringComparison.Ordinal);
        _screen.Press('r');
        Assert.Contains("shutdown", Line(await _screen.NextAsync()), StringComparison.Ordinal);
        _screen.Press('Z');     // means nothing
        _screen.Press('<');     // in bytes
        Assert.Contains("IN-B", await _screen.NextAsync(), StringComparison.Ordinal);
        await Quit(run);
    }

    [Fact]
    public async Task It_ends_after_as_many_readings_as_asked_for()
    {
        Task run = Run(new TopOptions { Count = 2 });
        await _screen.NextAsync();
        _clock.Advance(TimeSpan.FromSeconds(1));
        await _screen.NextAsync();
        Assert.False(run.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));

        await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.Equal((2, false), (_readings, _screen.IsShown));
    }

    [Fact]
    public async Task Ctrl_C_gives_the_screen_back_and_is_no_error()
    {
        using CancellationTokenSource interrupt = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task run = new TopRun(new TopOptions(), Read, _clock).ShowAsync(_screen, interrupt.Token);
        await _screen.NextAsync();

        await interrupt.CancelAsync();

        await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.Equal((1, false), (_screen.Entered, _screen.IsShown));
    }

    [Fact]
    public async Task An_error_gives_the_screen_back()
    {
        _screen.DrawFault = new IOException("The terminal is gone.");

        await Assert.ThrowsAsync<IOException>(() => Run());

        Assert.Equal((1, false), (_screen.Entered, _screen.IsShown));
    }

    [Fact]
    public async Task What_fails_at_once_never_takes_the_screen()
    {
        TopRun run = new(new TopOptions(), () => throw new LinuxGuestException(LinuxGuestError.NoVmBus, "No VMBus here."), _clock);

        await Assert.ThrowsAsync<LinuxGuestException>(() => run.ShowAsync(_screen, TestContext.Current.CancellationToken));

        Assert.Equal(0, _screen.Entered);
    }

    private static string Line(string frame) => frame.Split('\n')[3];

    private Task Run(TopOptions? options = null) =>
        new TopRun(options ?? new TopOptions(), Read, _clock).ShowAsync(_screen, TestContext.Current.CancellationToken);

    private SysfsDevice[] Read()
    {
        _readings++;
        return _devices;
    }

    private async Task Quit(Task run)
    {
        _screen.Press('q');
        await run.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        Assert.False(_screen.IsShown);
        Assert.False(_screen.HasFrame);
    }
}
