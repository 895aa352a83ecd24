using System.Diagnostics;

namespace VmBus.Peers;

/// <summary>The machine's C compiler: what is measured in C is built where it runs.</summary>
public static class Gcc
{
    /// <summary>How loops and peers are built: for this machine's processor, as a library.</summary>
    public static IReadOnlyList<string> LibraryFlags { get; } = ["-O3", "-march=native", "-shared", "-fPIC"];

    /// <summary>Runs it to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="output">What it wrote.</param>
    /// <param name="whyNot">Why it failed.</param>
    /// <returns>Whether it ended with 0.</returns>
    public static bool TryRun(IEnumerable<string> arguments, out string output, out string whyNot)
    {
        output = "";
        whyNot = "";
        try
        {
            using Process gcc = Process.Start(new ProcessStartInfo("gcc", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = gcc.StandardError.ReadToEndAsync();
            output = gcc.StandardOutput.ReadToEnd();
            gcc.WaitForExit();
            if (gcc.ExitCode == 0)
                return true;
            whyNot = $"gcc ended with {gcc.ExitCode}: {errors.Result.Trim()}";
            return false;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            whyNot = $"gcc cannot be started ({missing.Message}); bench/install-peers.sh installs it.";
            return false;
        }
    }
}
