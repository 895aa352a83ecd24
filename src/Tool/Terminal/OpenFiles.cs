// How many files this process may have open: RLIMIT_NOFILE (getrlimit(2)), as proc(5) tells it.

using System.Globalization;

namespace VmBus.Tool;

/// <summary>Explains what a process without a descriptor left throws: an assembly cannot be loaded then, and the exception tells of anything else.</summary>
internal static class OpenFiles
{
    private const int Enough = 128;

    // Read while there are descriptors to read it by.
    private static int? Most { get; set; }

    /// <summary>Looks up the limit.</summary>
    /// <param name="path">Where the limits are.</param>
    public static void LookUp(string path = "/proc/self/limits")
    {
        const string Limit = "Max open files";
        try
        {
            string? line = File.Exists(path) ? File.ReadLines(path).FirstOrDefault(text => text.StartsWith(Limit, StringComparison.Ordinal)) : null;
            Most = int.TryParse(line?[Limit.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out int most) ? most : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Most = null;  // errors are said as they are
        }
    }

    /// <summary>What to say of an error; <see langword="null"/> when the limit is not its cause.</summary>
    public static string? Explain(Exception error)
    {
        for (Exception? one = error; one is not null && Most < Enough; one = one.InnerException)
        {
            if (one is FileNotFoundException or FileLoadException or TypeInitializationException or DllNotFoundException or BadImageFormatException)
                return $"this process may have {Most} files open, which is too few: give it {Enough} or more (ulimit -n)";
        }
        return null;
    }
}
