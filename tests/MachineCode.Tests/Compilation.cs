// Has each compiler make its code once in a test run, in another process.

using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using VmBus.Core.Tests.Architecture;

namespace VmBus.MachineCode.Tests;

internal static class Compilation
{
    private static readonly Lazy<Task<CodeListing>> Jit = new(() => Listen("the JIT", tiered: false));
    private static readonly Lazy<Task<CodeListing>> TieredJit = new(() => Listen("the tiered JIT", tiered: true));
    private static readonly Lazy<Task<CodeListing>> Aot = new(Publish);

    /// <summary>A compiler's code; skips the test, and says why, where it cannot be had.</summary>
    public static Task<CodeListing> Of(Compiler compiler)
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "The machine code of this processor is not read: the rules are about x64.");
        bool plain = typeof(VmBus.Layout.SyncBits).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true };
        Assert.SkipWhen(plain, "A debug build asks for plain code; run with -c Release.");
        if (compiler != Compiler.Aot)
            return (compiler == Compiler.Jit ? Jit : TieredJit).Value;
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The reader of NativeAOT's code knows ELF only.");
        Assert.SkipUnless(OnPath("clang") || OnPath("gcc"), "NATIVEAOT'S CODE IS NOT CHECKED: it needs a linker, clang or gcc; tests/MachineCode.Tests/install-linker.sh installs one.");
        return Aot.Value;
    }

    private static bool OnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    // This program once more, with a listener to its own JIT.
    private static async Task<CodeListing> Listen(string name, bool tiered)
    {
        string output = Path.GetTempFileName();
        try
        {
            ProcessStartInfo start = new(Environment.ProcessPath!);
            if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
                start.ArgumentList.Add(typeof(Compilation).Assembly.Location);
            start.ArgumentList.Add(EntryPoint.ListCode);
            start.ArgumentList.Add(output);
            start.Environment["DOTNET_TieredCompilation"] = tiered ? "1" : "0";
            await Run(start);
            return CodeListing.Read(name, output);
        }
        finally
        {
            File.Delete(output);
        }
    }

    // Into a folder of its own: a build for one system, beside one for none, would overwrite its restored packages.
    private static async Task<CodeListing> Publish()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vmbus-aot-");
        try
        {
            ProcessStartInfo start = new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet");
            foreach (string argument in (string[])["publish", Path.Combine(Repository.Root, "tests/MachineCode.Entries"), "-c", "Release",
                "-r", RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal) ? "linux-musl-x64" : "linux-x64",
                "-p:PublishAot=true", "--artifacts-path", folder.FullName, "--disable-build-servers"])
                start.ArgumentList.Add(argument);
            await Run(start);
            string program = Assert.Single(Directory.GetFiles(Path.Combine(folder.FullName, "publish"), "VmBus.MachineCode.Entries", SearchOption.AllDirectories));
            await Run(new ProcessStartInfo(program));
            return ElfListing.Read("NativeAOT", program);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task Run(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardOutput.ReadToEndAsync();
        Task<string> complained = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource limit = new(Patience.Build);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{start.FileName} did not end in {Patience.Build.TotalMinutes} min.");
        }

        Assert.True(process.ExitCode == 0, $"{start.FileName}: exit code {process.ExitCode}\n{await said}\n{await complained}");
    }
}
