// What the C compiler makes of the kernel's headers: a program that prints sizes, offsets and constants.

using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace VmBus.Interop.Tests.Linux.Kvm;

internal static class CHeaders
{
    private const string Compiler = "gcc";

    /// <summary>The values of C expressions, in their order. Skips the test, and says why, without a compiler or the header.</summary>
    public static ulong[] Evaluate(string[] headers, IEnumerable<string> expressions)
    {
        Assert.SkipWhen(headers.Contains("linux/kvm.h") && RuntimeInformation.ProcessArchitecture != Architecture.X64, "KVM's structures here are x64's: that backend is for x64 alone.");
        Assert.SkipUnless(HasCompiler(), $"NOT CHECKED: {Compiler} is not here.");
        string[] all = [.. expressions];
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vmbus-headers");
        try
        {
            string source = Path.Combine(folder.FullName, "values.c"), program = Path.Combine(folder.FullName, "values");
            string[] includes = ["#include <stddef.h>", "#include <stdio.h>", .. headers.Select(header => $"#include <{header}>")];
            File.WriteAllText(source, string.Join('\n', [.. includes, ""]));
            (int missing, string said) = Start(Compiler, "-fsyntax-only", source);
            Assert.SkipUnless(missing == 0, $"NOT CHECKED: {string.Join(", ", headers)} of linux-libc-dev or libc6-dev is not here: {said}");
            File.WriteAllText(source, string.Join('\n', [
                .. includes,
                "int main(void) {",
                .. all.Select(expression => $"printf(\"%llu\\n\", (unsigned long long)({expression}));"),
                "return 0; }",
                ""]));
            Run(Compiler, "-Wall", "-Werror", "-o", program, source);
            string[] lines = Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(all.Length, lines.Length);
            return [.. lines.Select(line => ulong.Parse(line, CultureInfo.InvariantCulture))];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static bool HasCompiler() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, Compiler)));

    private static string Run(string program, params string[] arguments)
    {
        (int code, string said) = Start(program, arguments);
        Assert.True(code == 0, $"{program} ended with {code}: {said}");
        return said;
    }

    private static (int Code, string Said) Start(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
