using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using VmBus.Integration;
using VmBus.Linux;
using VmBus.Tool.Tests.Fakes;

namespace VmBus.Tool.Tests.Cli;

/// <summary>A folder with files for commands, and the product's own program started in it by a shell.</summary>
[SupportedOSPlatform("linux")]
internal sealed class CommandFolder : IDisposable
{
    private const UnixFileMode Open755 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static readonly Lazy<byte[]> Recording = new(Record);

    private readonly string _folder = Directory.CreateTempSubdirectory("vmbus-robust").FullName;

    public CommandFolder()
    {
        File.SetUnixFileMode(_folder, Open755);
        File.WriteAllBytes(At("in"), new byte[30_000]);
        File.WriteAllBytes(At("empty"), []);
        File.WriteAllBytes(At("zeros"), new byte[10_000]);
        File.WriteAllText(At("line"), new string('x', 200_000));
        byte[] junk = new byte[60_000];
        new Random(7).NextBytes(junk);
        File.WriteAllBytes(At("junk"), junk);
        foreach (string pools in (string[])["pools", "junkpools", "full"])
            Directory.CreateDirectory(At(pools), Open755);
        for (int pool = 0; pool < 5; pool++)
            File.WriteAllBytes(At($"junkpools/.kvp_pool_{pool}"), junk);
        File.CreateSymbolicLink(At("full/.kvp_pool_1"), "/dev/full");
        File.CreateSymbolicLink(At("full.png"), "/dev/full");
        KvpPoolFiles files = new(At("pools"));
        Assert.Equal(IcStatus.Success, files.Set(IcKvpPool.Guest, "first", KvpValue.Of("1\e")));
        Assert.Equal(IcStatus.Success, files.Append(IcKvpPool.Guest, KvpEventWriter.Write(new() { Agent = KvpEventWriter.CloudInit, Type = "start", Name = "n", Id = Guid.NewGuid().ToString(), Message = "m" })));
        File.WriteAllBytes(At("good"), Recording.Value);
        PseudoTerminal.Shell($"mkfifo {At("fifo")}");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Runs a command to its end.</summary>
    /// <param name="shell">What the shell does with it.</param>
    /// <param name="line">Its words.</param>
    /// <param name="interrupt">Whether it is told to end once it has said something.</param>
    /// <returns>Its exit code, and what it wrote.</returns>
    public async Task<(int ExitCode, string Said)> RunAsync(string shell, string line, bool interrupt = false)
    {
        ProcessStartInfo start = new("sh", ["-c", shell, "sh", "dotnet", Path.Combine(AppContext.BaseDirectory, "vmbus.dll"), .. line.Split(' ')])
        {
            WorkingDirectory = _folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in (string[])["VMBUS_DEBUG", "COLUMNS", "NO_COLOR"])
            start.Environment.Remove(name);
        // Hundreds of short runs: none of them is worth a second compilation.
        start.Environment["DOTNET_TieredPGO"] = "0";
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            StringBuilder said = new();
            TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Task output = ReadAsync(process.StandardOutput), error = ReadAsync(process.StandardError);
            if (interrupt)
            {
                await begun.Task.WaitAsync(Patience.Limit, cancellationToken);
                using Process kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
                await kill.WaitForExitAsync(cancellationToken);
            }

            await process.WaitForExitAsync(cancellationToken).WaitAsync(Patience.Limit, cancellationToken);
            await Task.WhenAll(output, error);
            lock (said)
                return (process.ExitCode, said.ToString());

            async Task ReadAsync(StreamReader reader)
            {
                char[] some = new char[4096];
                for (int length; (length = await reader.ReadAsync(some, cancellationToken)) > 0;)
                {
                    lock (said)
                        said.Append(some, 0, length);
                    begun.TrySetResult();
                }
            }
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static byte[] Record()
    {
        string file = Path.GetTempFileName();
        try
        {
            ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "vmbus.dll"), .. $"latency --seconds 0.02 --loads paced --modes monitored --json --record {file}".Split(' ')])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process vmbus = Process.Start(start)!;
            vmbus.StandardOutput.ReadToEnd();
            Assert.True(vmbus.WaitForExit(Patience.Limit));
            return File.ReadAllBytes(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private string At(string name) => Path.Combine(_folder, name);
}
