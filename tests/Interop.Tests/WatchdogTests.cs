using System.Diagnostics;
using FsCheck.Xunit;

namespace VmBus.Interop.Tests;

public class WatchdogTests
{
    [Theory]
    [InlineData(nameof(Hanging.A_test_that_blocks_its_thread))]
    [InlineData(nameof(Hanging.A_test_that_awaits_what_never_comes))]
    [InlineData(nameof(Hanging.A_theory_that_leaves_no_thread_in_the_pool))]
    [InlineData(nameof(Hanging.A_property_that_hangs))]
    public async Task A_test_that_hangs_ends_its_program_and_is_named(string test)
    {
        (int exitCode, string said, string logged) = await RunAsync(test, limit: "1");

        Assert.True(exitCode == Watchdog.ExitCode, $"exit code {exitCode}\n{said}");
        Assert.Contains($"TEST HANGS: {typeof(Hanging).FullName}.{test}", said, StringComparison.Ordinal);
        Assert.Contains("limit 1 s", said, StringComparison.Ordinal);
        Assert.Contains($"still running: {typeof(Hanging).FullName}.{test}", said, StringComparison.Ordinal);
        Assert.Contains(said.Split('\n', 2)[0].TrimEnd(), logged, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_within_its_limit_is_left_alone()
    {
        (int exitCode, string said, _) = await RunAsync(nameof(Hanging.A_test_that_ends), limit: "0");

        Assert.True(exitCode == Watchdog.ExitCode, $"exit code {exitCode}\n{said}");
        (exitCode, said, _) = await RunAsync(nameof(Hanging.A_test_that_ends), limit: "");
        Assert.True(exitCode == 0, $"exit code {exitCode}\n{said}");
        Assert.DoesNotContain("HANGS", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_thread_that_cannot_be_left_behind_ends_the_program_with_the_name_of_its_test()
    {
        (int exitCode, string said, _) = await RunAsync(nameof(Hanging.A_test_that_leaves_a_thread_behind), limit: "");

        Assert.True(exitCode == Watchdog.ExitCode, $"exit code {exitCode}\n{said}");
        Assert.Contains(nameof(Hanging.A_test_that_leaves_a_thread_behind), said, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Said, string Logged)> RunAsync(string test, string limit)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(WatchdogTests).Assembly.Location);
        foreach (string argument in (string[])["--explicit", "only", "--filter-method", $"{typeof(Hanging).FullName}.{test}", "--progress", "off"])
            start.ArgumentList.Add(argument);
        string log = Path.GetTempFileName();
        start.Environment[Watchdog.LimitVariable] = limit;
        start.Environment[Watchdog.LogVariable] = log;
        using Process program = Process.Start(start)!;
        Task<string> output = program.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> errors = program.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await program.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience.Limit);
        }
        finally
        {
            if (!program.HasExited)
                program.Kill();
        }

        string logged = await File.ReadAllTextAsync(log, TestContext.Current.CancellationToken);
        File.Delete(log);
        return (program.ExitCode, await errors + await output, logged);
    }

    /// <summary>Run only by the tests above, in a program of their own.</summary>
    public class Hanging
    {
        [Fact(Explicit = true)]
        public void A_test_that_blocks_its_thread() => Thread.Sleep(Timeout.Infinite);

        [Fact(Explicit = true)]
        public async Task A_test_that_awaits_what_never_comes() => await new TaskCompletionSource().Task;

        [Theory(Explicit = true)]
        [InlineData(1000)]
        public async Task A_theory_that_leaves_no_thread_in_the_pool(int tasks)
        {
            for (int i = 0; i < tasks; i++)
                _ = Task.Run(() => Thread.Sleep(Timeout.Infinite), TestContext.Current.CancellationToken);
            await new TaskCompletionSource().Task;
        }

        [Property(Explicit = true)]
        public void A_property_that_hangs(int number)
        {
            _ = number;
            Thread.Sleep(Timeout.Infinite);
        }

        [Fact(Explicit = true)]
        public void A_test_that_ends() => Thread.Sleep(1000);

        [Fact(Explicit = true)]
        public void A_test_that_leaves_a_thread_behind()
            => Background.Run(() => Thread.Sleep(Timeout.Infinite)).Join(TimeSpan.FromMilliseconds(100));
    }
}
