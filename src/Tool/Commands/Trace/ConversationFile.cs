// Recordings as files: the one place where the command opens them, to write or to read.

using VmBus.Protocol;

namespace VmBus.Tool;

/// <summary>Opens recordings of conversations by their path.</summary>
internal static class ConversationFile
{
    /// <summary>The name for standard input.</summary>
    public const string Standard = "-";

    /// <summary>Begins a recording that others can read while it grows. A file of that name is overwritten.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clock">The clock of its times; the system's by default.</param>
    /// <param name="maxLength">Its greatest length in bytes.</param>
    /// <returns>The recorder, to be given to a bus as its observer and disposed when the bus is.</returns>
    /// <exception cref="ToolException">The file cannot be written.</exception>
    public static ConversationRecorder Record(string path, TimeProvider? clock = null, long maxLength = ConversationRecorder.DefaultMaxLength)
    {
        // A recorder writes whole records: a buffer of the stream's own would only lose them.
        FileStream file = Try("write", path, () => new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0));
        return Try("write", path, () => new ConversationRecorder(file, clock ?? TimeProvider.System, maxLength));
    }

    /// <summary>Opens a recording, ended or still growing.</summary>
    /// <param name="path">The file, or <see cref="Standard"/>.</param>
    /// <exception cref="ToolException">The file cannot be read.</exception>
    public static Stream Open(string path) => path == Standard
        ? Console.OpenStandardInput()
        : Try("read", path, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));

    private static T Try<T>(string what, string path, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            string why = e is FileNotFoundException or DirectoryNotFoundException ? "no such file or directory"
                : Directory.Exists(path) ? "it is a directory"
                : e.Message.TrimEnd('.');
            throw new ToolException($"cannot {what} '{path}': {why}", e);
        }
    }
}
