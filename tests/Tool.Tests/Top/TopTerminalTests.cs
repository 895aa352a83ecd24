using VmBus.Backends.Tests.Linux;
using VmBus.Tool.Tests.Cli;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Top;

/// <summary>The live view of the product's own program on a real terminal.</summary>
public sealed class TopTerminalTests : IDisposable
{
    private const string Bus = "bus/vmbus/devices/";
    private const string Primary = "devices/LNXSYSTM:00/VMBUS:00/ed963694-e847-4b2a-85af-bc9cfc11d6f3/channels/14/";

    private readonly SysfsTree _tree = SysfsTree.Load("synthetic-linux-6.12.tree");

    public TopTerminalTests() => Assert.SkipUnless(PseudoTerminal.IsPossible, "There is no /usr/bin/script to make a terminal.");

    public void Dispose() => _tree.Dispose();

    [Fact]
    public async Task What_changes_in_sysfs_changes_on_the_screen_and_q_gives_the_terminal_back()
    {
        using PseudoTerminal terminal = Start(80, 16);
        await terminal.UntilAsync((picture, text) => picture.IsAlternate && !picture.HasCursor && picture.HasColor && Has(text, "14 network"));

        _tree.Write(Primary + "interrupts", "111000100123\n");
        await terminal.UntilAsync((_, text) => text.Split('\n').Any(line => Has(line, "14 network") && !line.TrimEnd().EndsWith("0       0", StringComparison.Ordinal)));
        Directory.Delete(_tree.Full(Bus + "1eccfd72-4b41-45ef-b73a-4a6e44c12924"), recursive: true);
        await terminal.UntilAsync((_, text) => Has(text, "3 devices") && !Has(text, "balloon"));
        _tree.Write(Bus + "57164f39-9115-4e78-ab55-382f3bd5422d/class_id", "{57164f39-9115-4e78-ab55-382f3bd5422d}\n");
        await terminal.UntilAsync((_, text) => Has(text, "4 devices") && Has(text, "heartbeat"));

        terminal.Press("ti");
        await terminal.UntilAsync((_, text) => Has(text.Split('\n')[3], "14 network") && Has(text, "111 G"));
        terminal.Press("h");
        await terminal.UntilAsync((_, text) => Has(text, "q          quit"));
        terminal.Press("\e[B\e[B");
        await terminal.UntilAsync((_, text) => !Has(text, "q          quit") && Has(text, "2 above"));
        terminal.Press("hp");
        await terminal.UntilAsync((_, text) => Has(text, "PAUSED"));

        terminal.Press("q");
        await terminal.EndAsync(0);
        await terminal.UntilAsync((picture, _) => !picture.HasApplicationKeys);
        Assert.True(terminal.IsRestored);
    }

    [Fact]
    public async Task Ctrl_C_gives_the_terminal_back()
    {
        Assert.SkipWhen(ProcessTests.IgnoresInterrupt(), "This session ignores SIGINT, and so do its children.");
        using PseudoTerminal terminal = Start(80, 16);
        await terminal.UntilAsync((picture, text) => picture.IsAlternate && Has(text, "14 network"));

        terminal.Press("\x03");

        await terminal.EndAsync(130);
        Assert.True(terminal.IsRestored);
    }

    [Fact]
    public async Task An_error_in_the_middle_gives_the_terminal_back_and_is_said_there()
    {
        using PseudoTerminal terminal = Start(80, 16);
        await terminal.UntilAsync((picture, text) => picture.IsAlternate && Has(text, "14 network"));

        Directory.Move(_tree.Full("bus/vmbus"), _tree.Full("bus/gone"));

        await terminal.EndAsync(1);
        await terminal.UntilAsync((_, text) => Has(text, "vmbus: No VMBus here"));
        Assert.True(terminal.IsRestored);
    }

    [Fact]
    public async Task A_window_that_is_dragged_gets_more_columns()
    {
        using PseudoTerminal terminal = new(200, 20, "", "top", "--sysfs", _tree.Root, "--interval", "3600");
        await terminal.UntilAsync((_, text) => Has(text, "OUTEMPTY/s"));

        terminal.Resize(80, 10);
        await terminal.UntilAsync((_, text) => Has(text.Split('\n')[9], "q quit") && !Has(text.Split('\n')[2][..80], "OUTEMPTY/s"));

        terminal.Press("q");
        await terminal.EndAsync(0);
    }

    [Fact]
    public async Task Ctrl_Z_gives_the_terminal_back_until_it_goes_on()
    {
        using PseudoTerminal terminal = Start(80, 16);
        await terminal.UntilAsync((picture, text) => picture.IsAlternate && Has(text, "14 network"));

        PseudoTerminal.Shell($"kill -TSTP {terminal.Pid}");
        await terminal.UntilAsync((picture, _) => !picture.IsAlternate && picture.HasCursor && Has(File.ReadAllText($"/proc/{terminal.Pid}/stat"), ") T "));
        PseudoTerminal.Shell($"kill -CONT {terminal.Pid}");
        await terminal.UntilAsync((picture, text) => picture.IsAlternate && Has(text, "14 network"));

        terminal.Press("q");
        await terminal.EndAsync(0);
    }

    [Fact]
    public async Task Where_no_colour_is_wanted_there_is_none()
    {
        using PseudoTerminal terminal = Start(80, 16, "NO_COLOR=1");
        await terminal.UntilAsync((picture, text) => picture.IsAlternate && Has(text, "14 network"));
        terminal.Press("q");
        await terminal.EndAsync(0);
        await terminal.UntilAsync((picture, _) => !picture.HasColor);
    }

    [Fact]
    public async Task A_dumb_terminal_gets_tables_as_wide_as_it_is()
    {
        using PseudoTerminal terminal = new(80, 40, "TERM=dumb", "top", "--sysfs", _tree.Root, "--interval", "100ms", "--count", "2");
        await terminal.EndAsync(0);
        string text = await terminal.UntilAsync((picture, _) => !picture.HasColor);
        Assert.Equal(3, text.Split("vmbus top").Length);
        Assert.DoesNotContain("OUTEMPTY", text, StringComparison.Ordinal);
    }

    private static bool Has(string text, string part) => text.Contains(part, StringComparison.Ordinal);

    private PseudoTerminal Start(int columns, int rows, string environment = "") =>
        new(columns, rows, environment, "top", "--sysfs", _tree.Root, "--interval", "200ms");
}
