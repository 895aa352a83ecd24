using System.Diagnostics;
using System.Runtime.Versioning;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Cli;

[SupportedOSPlatform("linux")]
public class CompletionTests
{
    [Theory]
    [InlineData("vmbus ", "bind completion copy doctor fcopy host kvp latency list low-latency monitor report timeline top trace unbind vss --help --verbose --version -h")]
    [InlineData("vmbus l", "latency list low-latency")]
    [InlineData("vmbus latency --modes ", "adaptive low-latency monitored")]
    [InlineData("vmbus kvp ", "delete event get list set watch --device --dir --help --serve --verbose -h")]
    [InlineData("vmbus kvp list --pool a", "auto auto-external auto-internal")]
    [InlineData("vmbus kvp event x --result ", "FAIL SUCCESS WARN")]
    [InlineData("vmbus completion ", "bash fish pwsh zsh --help --verbose -h")]
    [InlineData("vmbus nonsense --frob ", "--verbose")]
    public async Task What_can_follow_is_told(string line, string words)
    {
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, $"[suggest:{line.Length}]", line));
        Assert.Subset(terminal.Out.Split('\n').ToHashSet(), words.Split(' ').ToHashSet());
        Assert.Equal("", terminal.Error);
        if (!line.Contains("nonsense", StringComparison.Ordinal))
            Assert.Equal(words.Split(' ').Order(), terminal.Out.TrimEnd().Split('\n').Order());
    }

    [Theory]
    [InlineData("vmbus lat", "latency")]
    [InlineData("vmbus kvp list --po", "--pool")]
    [InlineData("vmbus kvp list --pool guest --js", "--json")]
    [InlineData("vmbus kvp list --pool gu", "guest")]
    [InlineData("vmbus copy --mode lo", "low-latency")]
    [InlineData("./vmbus mon", "monitor")]
    public async Task A_real_bash_completes(string line, string word)
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "There is no bash here.");
        // As readline calls it: the words of the line, which one the cursor is in, and the line. The command itself is a file in a folder.
        string folder = Directory.CreateTempSubdirectory("vmbus-bash").FullName;
        string program = Path.Combine(folder, "vmbus");
        await File.WriteAllTextAsync(program, $"#!/bin/bash\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "vmbus.dll")}' \"$@\"\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        ProcessStartInfo start = new("/bin/bash", ["--noprofile", "--norc", "-c", """
            source <(vmbus completion bash) || exit 9
            complete -p vmbus >&2
            COMP_LINE="$1" COMP_POINT=${#1}
            read -r -a COMP_WORDS <<< "$1"
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _vmbus_complete
            printf '%s\n' "${COMPREPLY[@]}"
            """, "bash", line])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        try
        {
            using Process bash = Process.Start(start)!;
            Task<string> error = bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.Equal("complete -o bashdefault -o default -F _vmbus_complete vmbus\n", await error);
            await bash.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
            Assert.Equal($"{word}\n", output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Every_shell_has_a_script_and_others_are_refused()
    {
        foreach (string shell in CompletionScript.Shells)
        {
            using FakeTerminal terminal = new();
            Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, "completion", shell));
            Assert.Contains("[suggest:", terminal.Out, StringComparison.Ordinal);
        }

        using FakeTerminal refused = new();
        Assert.Equal(ExitCode.Usage, await refused.Run(FakeEngines.Good, "completion", "tcsh"));
        Assert.Equal("vmbus: no script for 'tcsh': there are some for bash, zsh, fish, pwsh\n", refused.Error);
    }

    [Fact]
    public async Task The_help_has_every_command_in_a_group()
    {
        foreach (int width in (int[])[40, 80, 120])
        {
            using FakeTerminal terminal = new(width);
            Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, "--help"));
            foreach (string heading in (string[])["Measure:", "In a guest:", "As a host:", "Look:", "In a shell:", "Options:"])
                Assert.Contains($"\n{heading}\n  ", terminal.Out, StringComparison.Ordinal);
            Assert.All(terminal.Out.Split("Examples:")[0].Split('\n'), line => Assert.InRange(line.Length, 0, width));
            using FakeTerminal suggested = new();
            await suggested.Run(FakeEngines.Good, "[suggest:6]", "vmbus ");
            foreach (string word in suggested.Out.TrimEnd().Split('\n'))
                Assert.Matches($@"(?m)^  (-h, )?{word}[ ,\r\n]", terminal.Out);
        }
    }
}
