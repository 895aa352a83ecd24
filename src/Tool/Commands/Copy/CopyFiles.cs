// The two ends of a copy outside the channel: a file, or standard input and output.

namespace VmBus.Tool;

/// <summary>Opens the ends of a copy. Errors come as <see cref="ToolException"/>: one line with the file's name.</summary>
internal static class CopyFiles
{
    // Reads and writes are as large as a message or larger; FileStream's own buffer would only copy once more.
    private const int NoBuffer = 0;

    /// <summary>No file: some zeros as an input, and nowhere as an output. No command line can hold it.</summary>
    public const string WarmUp = "\0warm-up";

    private const int WarmUpBytes = 1 << 20;

    /// <summary>Opens the input for reading.</summary>
    /// <param name="path">A file, or <see cref="CopyOptions.Standard"/> for standard input.</param>
    /// <returns>The stream; the caller disposes it.</returns>
    /// <exception cref="ToolException">It cannot be opened.</exception>
    public static Stream OpenInput(string path)
    {
        if (path == CopyOptions.Standard)
            return Console.OpenStandardInput();
        if (path == WarmUp)
            return new MemoryStream(new byte[WarmUpBytes]);
        return Open("read", path, static path => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, NoBuffer, FileOptions.SequentialScan));
    }

    /// <summary>Creates the output, or empties it.</summary>
    /// <param name="path">A file, or <see cref="CopyOptions.Standard"/> for standard output.</param>
    /// <returns>The stream; the caller disposes it.</returns>
    /// <exception cref="ToolException">It cannot be opened.</exception>
    public static Stream OpenOutput(string path)
    {
        if (path == CopyOptions.Standard)
            return Console.OpenStandardOutput();
        if (path == WarmUp)
            return Stream.Null;
        return Open("write", path, static path => new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, NoBuffer));
    }

    /// <summary>Reads from an opened input.</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    /// <exception cref="ToolException">It cannot be read.</exception>
    public static int Read(Stream stream, Span<byte> buffer, string path)
    {
        try
        {
            return stream.Read(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot read '{path}': {e.Message}", e);
        }
    }

    /// <summary>Writes to an opened output.</summary>
    /// <exception cref="ToolException">It cannot be written: the disk is full, say.</exception>
    public static void Write(Stream stream, ReadOnlySpan<byte> data, string path)
    {
        try
        {
            stream.Write(data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot write '{path}': {e.Message}", e);
        }
    }

    /// <summary>Makes sure that all of an output was taken.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    public static void Flush(Stream stream, string path)
    {
        try
        {
            stream.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot write '{path}': {e.Message}", e);
        }
    }

    /// <summary>The size of the input where it is known beforehand. Opens nothing: a named pipe can be opened once.</summary>
    /// <param name="path">A file, or <see cref="CopyOptions.Standard"/>.</param>
    /// <returns>Bytes, or <see langword="null"/> for a pipe, a device, or what does not exist.</returns>
    public static long? KnownLength(string path)
    {
        if (path == CopyOptions.Standard)
            return null;
        FileInfo file = new(path);
        return file.Exists && file.Length > 0 ? file.Length : null;
    }

    private static FileStream Open(string verb, string path, Func<string, FileStream> open)
    {
        try
        {
            if (Directory.Exists(path))
                throw new ToolException($"cannot {verb} '{path}': it is a directory");
            return open(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ToolException($"cannot {verb} '{path}': no such file or directory", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ToolException($"cannot {verb} '{path}': permission denied", e);
        }
        catch (IOException e)
        {
            throw new ToolException($"cannot {verb} '{path}': {e.Message}", e);
        }
    }
}
