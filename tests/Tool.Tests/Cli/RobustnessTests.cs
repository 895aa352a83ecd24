// The product's own program, each command under each condition that a shell, a service manager or a container brings about.

using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using VmBus.Backends.Tests.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Cli;

/// <summary>Whatever is missing around it, a command ends, with a line that says why and an exit code, and never with a stack trace.</summary>
[SupportedOSPlatform("linux")]
public sealed partial class RobustnessTests : IDisposable
{
    private const string Few = " files open, which is too few: give it 128 or more (ulimit -n)\n";

    private readonly CommandFolder _folder = new();
    private readonly SysfsTree _guest = SysfsTree.Load("synthetic-linux-6.12.tree");

    // What each command does here when nothing is wrong: a guest's sysfs that is a copy, no device behind it.
    private IReadOnlyList<(string Line, int ExitCode)> Commands =>
    [
        ("latency --simulate --seconds 0.01 --loads paced --plot p.png", 0),
        ("latency --seconds 0.02 --loads paced --modes monitored --processes 2 --json", 0),
        ("timeline --seconds 0.2", 0),
        ("copy in out --processes 2", 0),
        ("copy in - --mode adaptive", 0),
        ($"list --sysfs {_guest.Root} -vv", 0),
        ($"list --sysfs {_guest.Root} --json", 0),
        ($"top --sysfs {_guest.Root} --once", 0),
        ($"top --sysfs {_guest.Root} --count 1 --json", 0),
        ($"monitor --sysfs {_guest.Root}", 0),
        ($"low-latency --sysfs {_guest.Root}", 0),
        ($"bind eth9 --sysfs {_guest.Root}", 2),
        ($"unbind eth9 --sysfs {_guest.Root}", 2),
        ($"fcopy --sysfs {_guest.Root}", 1),
        ("kvp list --dir pools", 0),
        ("kvp list --dir pools --events --json", 0),
        ("kvp get first --dir pools", 0),
        ("kvp set second 2 --dir pools --pool 3", 0),
        ("kvp event a b --dir pools --pool 4", 0),
        ("kvp delete third --dir pools", 1),
        ("kvp watch --dir none", 1),
        ("kvp --serve --device none", 1),
        ("vss", 0),
        ("vss --serve --device none", 1),
        ("host --kernel none", 1),
        ("doctor", 0),
        ($"report r.json --sysfs {_guest.Root}", 0),
        ("trace good", 0),
        ("trace good --json", 0),
        ("completion bash", 0),
        ("--help", 0),
        ("latency --help", 0),
        ("--version", 0),
        ("frobnicate", 2),
    ];

    // Another user may read it.
    public RobustnessTests() => File.SetUnixFileMode(
        _guest.Root, File.GetUnixFileMode(_guest.Root) | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);

    public void Dispose()
    {
        _folder.Dispose();
        _guest.Dispose();
    }

    // Around them nothing is missing that they need.
    [Theory]
    [InlineData("NO_COLOR=1 COLUMNS=40 TERM=dumb LC_ALL=C TMPDIR=/no/such/folder HOME=/no/such/home exec setsid \"$@\"")]
    [InlineData("TMPDIR=/etc/passwd exec \"$@\" </dev/null 2>/dev/full")]
    [InlineData("TMPDIR=$(printf '/%0200d' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22) exec \"$@\" <&- 2>&-")]
    public Task As_ever(string shell) => Check(shell, Commands, (code, expected, _) => code == expected);

    // What must be written cannot be: that is an error, and the only one.
    [Theory]
    [InlineData("exec \"$@\" >/dev/full")]
    [InlineData("exec \"$@\" >&-")]
    public Task Without_an_output(string shell) => Check(
        shell, Commands.Where(static one => one is { ExitCode: 0 } && !IsSilent(one.Line)), static (code, _, _) => code == 1);

    // Then the runtime has files of its own under these numbers, and a command cannot know.
    [Fact]
    public Task Without_any_standard_descriptor() => Check("exec \"$@\" <&- >&- 2>&-", Commands.Where(static (_, at) => at % 3 == 0), static (code, expected, _) => code == expected || code == 1);

    [Theory]
    [InlineData(24)]
    [InlineData(40)]
    [InlineData(100)]
    public Task With_few_descriptors(int most) => Check(
        string.Create(CultureInfo.InvariantCulture, $"ulimit -n {most}; exec \"$@\""), Commands.Where(static (_, at) => at % 6 == 0),
        static (code, _, said) => code == 1 && said.EndsWith(Few, StringComparison.Ordinal));

    [Fact]
    public async Task Without_permission()
    {
        const string Shell = "exec setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\"";
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists("/usr/bin/setpriv"), "It takes root to become another user.");
        Assert.SkipUnless((await _folder.RunAsync(Shell, "--version")).ExitCode == 0, "Another user cannot read this program.");
        string[] refused = ["kvp set", "kvp event", "report", "latency --simulate", "copy in out"];
        await Check(Shell, Commands, (code, expected, said) => code is 0 or 1 or 2
            && (code == expected || said.Contains("ermission", StringComparison.Ordinal) || said.Contains("denied", StringComparison.Ordinal)));
        foreach ((string line, _) in Commands.Where(one => refused.Any(name => one.Line.StartsWith(name, StringComparison.Ordinal))))
            Assert.Equal(1, (await _folder.RunAsync(Shell, line)).ExitCode);
    }

    [Fact]
    public Task On_a_full_disk() => Check(
        "exec \"$@\"",
        [
            ("copy in /dev/full --mode monitored", 1),
            ("copy in /dev/full --processes 2", 1),
            ("latency --seconds 0.02 --loads paced --modes monitored --record /dev/full", 1),
            ("latency --simulate --seconds 0.01 --loads paced --plot full.png", 1),
            ("timeline --seconds 0.2 --plot full.png", 1),
            ($"report /dev/full --sysfs {_guest.Root}", 1),
            ("kvp set a b --dir full", 1),
            ("kvp event a b --dir full", 1),
        ],
        static (code, expected, _) => code == expected);

    [Fact]
    public Task With_files_that_are_none_of_its_own() => Check(
        "exec \"$@\"",
        [
            .. from file in (string[])["junk", "empty", "zeros", "line", ".", "none", "pools"]
               from command in (string[])["trace {0}", "host --kernel {0}", "kvp list --dir {0}", "kvp --serve --device {0}", "vss --serve --device {0}", "list --sysfs {0}", "copy {0} /dev/null --mode monitored"]
               select (string.Format(CultureInfo.InvariantCulture, command, file), 0),
            ("kvp list --dir junkpools", 0),
            ("kvp list --dir junkpools --events", 0),
            ("kvp get x --dir junkpools", 1),
            ("kvp set x y --dir junkpools", 0),
            ("latency --simulate --plot junk/p.png", 2),
        ],
        static (code, _, _) => code is 0 or 1 or 2);

    [Theory]
    [InlineData("latency --seconds 600")]
    [InlineData("latency --seconds 600 --processes 2")]
    [InlineData("timeline --seconds 600")]
    [InlineData("copy /dev/zero /dev/null --mode monitored")]
    [InlineData("copy /dev/zero /dev/null --mode low-latency --processes 2")]
    [InlineData("top --interval 0.1 --sysfs GUEST")]
    [InlineData("trace good --follow")]
    [InlineData("kvp watch --dir pools")]
    [InlineData("kvp --serve --dir pools --device fifo")]
    public async Task Ctrl_C_ends_it(string line)
    {
        Assert.SkipWhen(ProcessTests.IgnoresInterrupt(), "This session ignores SIGINT, and so do its children.");
        (int code, string said) = await _folder.RunAsync("exec \"$@\"", line.Replace("GUEST", _guest.Root, StringComparison.Ordinal), interrupt: true);
        Assert.Equal("", Fault(code, said));
        Assert.Equal(ExitCode.Interrupted, code);
    }

    // On a terminal of 40 columns.
    [Theory]
    [InlineData("--help")]
    [InlineData("doctor")]
    [InlineData("latency --simulate --seconds 0.01")]
    [InlineData("list -vv --sysfs GUEST")]
    [InlineData("top --once --sysfs GUEST")]
    [InlineData("monitor --sysfs GUEST")]
    [InlineData("trace good")]
    [InlineData("kvp list --dir pools")]
    public async Task A_narrow_terminal_without_colours_gets_none(string line)
    {
        Assert.SkipUnless(PseudoTerminal.IsPossible, "It takes util-linux's script to make a terminal.");
        const string Shell = """script -qefc "stty cols 40 rows 20; NO_COLOR=1 TERM=xterm-256color $*" /dev/null""";
        (int code, string said) = await _folder.RunAsync(Shell, line.Replace("GUEST", _guest.Root, StringComparison.Ordinal));
        Assert.Equal("", Fault(code, said));
        Assert.Equal(0, code);
        Assert.DoesNotMatch(Colour(), said);
    }

    private static bool IsSilent(string line) => line.StartsWith("kvp set", StringComparison.Ordinal) || line.StartsWith("report", StringComparison.Ordinal);

    private async Task Check(string shell, IEnumerable<(string Line, int ExitCode)> commands, Func<int, int, string, bool> isRight)
    {
        ConcurrentQueue<string> faults = new();
        await Parallel.ForEachAsync(commands, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (command, _) =>
        {
            (int code, string said) = await _folder.RunAsync(shell, command.Line);
            string fault = Fault(code, said);
            if (fault.Length == 0 && !isRight(code, command.ExitCode, said))
                fault = string.Create(CultureInfo.InvariantCulture, $"exit code {code}, not {command.ExitCode}: {said[..Math.Min(said.Length, 500)]}");
            if (fault.Length > 0)
                faults.Enqueue($"vmbus {command.Line}: {fault}");
        });
        Assert.True(faults.IsEmpty, string.Join('\n', faults));
    }

    private static string Fault(int code, string said) =>
        code > 128 + 31 || code is 134 or 139 || said.Contains("unexpected", StringComparison.Ordinal) || said.Contains("Unhandled", StringComparison.Ordinal) || Frame().IsMatch(said)
            ? string.Create(CultureInfo.InvariantCulture, $"exit code {code}: {said[..Math.Min(said.Length, 2000)]}") : "";

    [GeneratedRegex(@"(?m)^\s+at \S+\(")]
    private static partial Regex Frame();

    [GeneratedRegex(@"\e\[[0-9;]*(3[0-8]|4[0-8]|9[0-7]|10[0-7])(;[0-9;]*)?m")]
    private static partial Regex Colour();
}
