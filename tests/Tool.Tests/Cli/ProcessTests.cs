// The command as a process: what a shell sees. The product's own program for what needs no engine, this test program
// started again for what does.

using System.Diagnostics;
using System.Globalization;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Cli;

public class ProcessTests
{
    [Fact]
    public async Task The_product_tells_its_version()
    {
        (int exitCode, string output, string error) = await Run(Product("--version"));
        Assert.Equal((0, ""), (exitCode, error));
        // The last tag's, or what comes between the tags.
        Assert.Matches(@"^vmbus \d+\.\d+\.\d+(-[a-z0-9]+(\.\d+)*)?\n$", output);
    }

    [Fact]
    public async Task The_product_refuses_bad_usage_in_one_line()
    {
        (int exitCode, string output, string error) = await Run(Product("latency", "--window", "soon"));
        Assert.Equal(
            (2, "", "vmbus: --window soon: not a duration; give microseconds, or a number with ns, us, ms or s\n"),
            (exitCode, output, error));
    }

    [Fact]
    public async Task The_product_names_itself_in_its_help()
    {
        (int exitCode, string output, _) = await Run(Product("latency", "--help"));
        Assert.Equal(0, exitCode);
        Assert.Contains("vmbus latency [options]", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_run_ends_with_0()
    {
        (int exitCode, string output, string error) = await Run(Fake(FakeEngines.Good, "latency", "--loads", "paced"));
        Assert.Equal(0, exitCode);
        Assert.StartsWith("3 cells of 1.50 s: this takes about 7 s (--seconds for another time)\nmeasuring this machine's own error\n1/3 paced, monitored: ", error, StringComparison.Ordinal);
        Assert.Contains("\n  noise     a 1", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output + error);
    }

    // As in the package for any platform, or as a native program alone.
    [Theory]
    [InlineData("latency", "--seconds", "0.05", "--loads", "paced")]
    [InlineData("timeline")]
    public async Task Without_what_draws_a_picture_is_refused_before_anything_is_measured(params string[] command)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vmbus-no-plots-");
        try
        {
            foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory).Where(f => Path.GetExtension(f) is ".dll" or ".json"))
                File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
            string picture = Path.Combine(folder.FullName, "x.png");
            (int exitCode, string output, string error) = await Run(Start(Path.Combine(folder.FullName, "vmbus.dll"), [.. command, "--plot", picture]));
            Assert.Equal((1, ""), (exitCode, output));
            Assert.StartsWith("vmbus: --plot draws with SkiaSharp's libraries, which must lie beside this program: ", error, StringComparison.Ordinal);
            Assert.Contains("libSkiaSharp", error, StringComparison.Ordinal);
            Assert.Single(error.TrimEnd().Split('\n'));
            Assert.False(File.Exists(picture));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_defect_on_a_thread_is_one_line()
    {
        (int exitCode, _, string error) = await Run(Fake(FakeEngines.ThreadDefect, "latency", "--simulate"));
        Assert.Equal(
            (1, "vmbus: unexpected InvalidOperationException: A defect on a thread. (--verbose shows where)\n"),
            (exitCode, error));
    }

    [Fact]
    public async Task Standard_input_is_copied_to_standard_output()
    {
        ProcessStartInfo start = Fake(FakeEngines.Good, "copy", "-", "-");
        start.RedirectStandardInput = true;
        (int exitCode, string output, string error) = await Run(start, process =>
        {
            process.StandardInput.Write("what was sent");
            process.StandardInput.Close();
        });
        Assert.Equal((0, "what was sent"), (exitCode, output));
        Assert.Contains("SHA-256   equal", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FakeEngines.Slow, "INT", 130)]
    [InlineData(FakeEngines.Deaf, "INT", 130)]
    [InlineData(FakeEngines.Slow, "TERM", 143)]
    [InlineData(FakeEngines.Deaf, "TERM", 143)]
    public async Task A_signal_ends_it_promptly_whether_or_not_the_engine_listens(string scenario, string signal, int expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Signals are sent by kill.");
        Assert.SkipWhen(signal == "INT" && IgnoresInterrupt(), "This session ignores SIGINT, and so do its children.");
        ProcessStartInfo start = Fake(scenario, "latency", "--simulate", "--loads", "paced", "--seconds", "3600");
        (int exitCode, _, string error) = await Run(start, process =>
        {
            // From here on only the engine can be what ends late.
            Assert.Equal(FakeEngines.Running, process.StandardError.ReadLine());
            using Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
            Assert.True(kill.WaitForExit(Patience.Limit));
        });
        Assert.Equal((expected, "vmbus: interrupted\n"), (exitCode, error));
    }

    private static ProcessStartInfo Product(params string[] args) => Start("vmbus.dll", args);

    private static ProcessStartInfo Fake(string scenario, params string[] args) =>
        Start("VmBus.Tool.Tests.dll", [EntryPoint.AsVmBus, scenario, .. args]);

    private static ProcessStartInfo Start(string program, string[] args)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, program), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("VMBUS_DEBUG");
        start.Environment.Remove("COLUMNS");
        return start;
    }

    private static async Task<(int ExitCode, string Output, string Error)> Run(ProcessStartInfo start, Action<Process>? act = null)
    {
        using Process process = Process.Start(start)!;
        try
        {
            act?.Invoke(process);
            CancellationToken cancellationToken = TestContext.Current.CancellationToken;
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).WaitAsync(Patience.Limit, cancellationToken);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    internal static bool IgnoresInterrupt()
    {
        const int InterruptBit = 1 << (2 - 1);
        string ignored = File.ReadLines("/proc/self/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[7..].Trim();
        return (ulong.Parse(ignored, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & InterruptBit) != 0;
    }
}
