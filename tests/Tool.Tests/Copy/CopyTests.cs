using System.Security.Cryptography;
using System.Text.Json.Nodes;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Copy;

public sealed class CopyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vmbus-").FullName;

    [Fact]
    public async Task Both_modes_are_copied_and_compared()
    {
        (string input, string output) = Files();
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, "copy", input, output));
        Golden.Check("copy.txt", terminal.Out.Replace(_folder, "FOLDER", StringComparison.Ordinal));
        Assert.Equal(File.ReadAllBytes(input), File.ReadAllBytes(output));
    }

    // The first mode would pay for the compiler.
    [Fact]
    public void Every_mode_is_warmed_before_any_is_timed()
    {
        (string input, string output) = Files();
        FakeCopyEngine engine = new(spoils: false);
        CopyOptions options = new() { Input = input, Output = output, Modes = [SignalMode.Monitored, SignalMode.LowLatency], MessageSize = 4096, RingSize = 65536, Processes = 1, Json = false };
        new CopyRun(options, null, engine).Run(new ProgressDisplay.Display(TextWriter.Null), CancellationToken.None);
        Assert.Equal(["warm Monitored", "warm LowLatency", "run Monitored", "run LowLatency"], engine.Calls);
        new CopyEngine(new OneProcess()).Warm(SignalMode.Monitored, options with { Input = "/no/file", Output = "/no/folder/file" }, CancellationToken.None);
    }

    [Fact]
    public async Task A_spoilt_copy_fails()
    {
        (string input, string output) = Files();
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Failed, await terminal.Run(FakeEngines.Bad, "copy", input, output, "--mode", "adaptive"));
        Assert.EndsWith("vmbus: copy: what arrived in adaptive mode is NOT what was sent: the SHA-256 digests differ\n", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("SHA-256   DIFFERENT", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_has_both_digests()
    {
        (string input, string output) = Files();
        using FakeTerminal terminal = new();
        Assert.Equal(ExitCode.Success, await terminal.Run(FakeEngines.Good, "copy", input, output, "--json", "--mode", "monitored"));
        JsonNode copy = Assert.Single(JsonNode.Parse(terminal.Out)!["copies"]!.AsArray())!;
        string digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(input)));
        Assert.Equal((digest, digest, true), ((string)copy["sent_sha256"]!, (string)copy["received_sha256"]!, (bool)copy["equal"]!));
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_one_line()
    {
        (string input, _) = Files();
        using FakeTerminal terminal = new();
        string output = Path.Combine(_folder, "none", "out");
        Assert.Equal(ExitCode.Failed, await terminal.Run(FakeEngines.Good, "copy", input, output));
        Assert.Equal($"vmbus: cannot write '{output}': no such file or directory", terminal.Error.TrimEnd().Split('\n')[^1]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private (string Input, string Output) Files()
    {
        string input = Path.Combine(_folder, "in");
        byte[] bytes = new byte[123_456];
        new Random(5).NextBytes(bytes);
        File.WriteAllBytes(input, bytes);
        return (input, Path.Combine(_folder, "out"));
    }
}
