// How many files this process may have open: RLIMIT_NOFILE (getrlimit(2)), as proc(5) tells it. Too few, and an assembly cannot be loaded
// somewhere in the midst of a run, where the exception tells of anything else.

using Microsoft.Win32.SafeHandles;

namespace VmBus.Tool;

/// <summary>Looks at the limit before anything else: with what the runtime has loaded to get here, for it may be able to load no more.</summary>
internal static class OpenFiles
{
    /// <summary>As many as every command can work with.</summary>
    public const int Enough = 128;

    private const int TooManyOpenFiles = 24;    // EMFILE

    /// <summary>The limit, when it is too low; 0 when even the limits cannot be opened; else <see langword="null"/>.</summary>
    /// <param name="limits">Where the limits are.</param>
    public static int? TooFew(string limits = "/proc/self/limits")
    {
        const string Name = "\nMax open files";

        // One file has what it needs within itself.
        if (!System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported)
            return null;
        try
        {
            string text = File.Exists(limits) ? File.ReadAllText(limits) : "";
            int at = text.IndexOf(Name, StringComparison.Ordinal);
            if (at < 0)
                return null;
            at += Name.Length;
            while (at < text.Length && text[at] == ' ')
                at++;
            int number = 0;
            for (; at < text.Length && text[at] is >= '0' and <= '9' && number < Enough; at++)
                number = number * 10 + (text[at] - '0');
            return number is > 0 and < Enough ? number : null;
        }
        catch (IOException error) when ((error.HResult & 0xFFFF) == TooManyOpenFiles)
        {
            return 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;    // what goes wrong later is said as it is
        }
    }

    /// <summary>Says on standard error that the limit is too low. Without the console, whose assemblies may be the ones too many.</summary>
    public static void Tell(int most)
    {
        try
        {
            byte[] digits = new byte[8];
            int length = 0;
            if (most > 0)
                most.TryFormat(digits, out length);
            using SafeFileHandle error = new((nint)2, ownsHandle: false);
            using FileStream stream = new(error, FileAccess.Write, 0);
            stream.Write("vmbus: this process may have "u8);
            stream.Write(digits, 0, length);
            stream.Write(length > 0 ? " files open, which is too few: give it 128 or more (ulimit -n)\n"u8 : "too few files open: give it 128 or more (ulimit -n)\n"u8);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Standard error takes nothing: the exit code remains.
        }
    }
}
