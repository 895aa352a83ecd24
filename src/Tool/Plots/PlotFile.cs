namespace VmBus.Tool;

/// <summary>The file a picture goes to. Errors come as one line.</summary>
internal static class PlotFile
{
    /// <summary>Checks a name, and that pictures can be made, before a long run is made for it.</summary>
    /// <exception cref="UsageException">It is no PNG by its name, or its folder does not exist.</exception>
    /// <exception cref="ToolException">The libraries that draw are not here.</exception>
    public static void Check(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--plot {path}: the name must end in .png");
        if (Directory.Exists(path))
            throw new UsageException($"--plot {path}: is a directory");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw new UsageException($"--plot {path}: there is no directory '{folder}'");
        CheckLibraries(TryDraw);
    }

    /// <summary>Draws something, to see whether it can be done.</summary>
    /// <param name="draw">Draws.</param>
    /// <exception cref="ToolException">The libraries that draw are not here.</exception>
    internal static void CheckLibraries(Action draw)
    {
        try
        {
            draw();
        }
        catch (Exception error) when (error is TypeInitializationException or DllNotFoundException or BadImageFormatException)
        {
            Exception cause = error;
            while (cause is TypeInitializationException { InnerException: { } inner })
                cause = inner;
            // What follows the first sentence is every path that the loader tried.
            string why = cause.Message.ReplaceLineEndings(" ");
            why = why[..(why.IndexOf(". ", StringComparison.Ordinal) is > 0 and int end ? end + 1 : why.Length)];
            throw new ToolException($"--plot draws with SkiaSharp's libraries, which must lie beside this program: {why}", error);
        }
    }

    // With a text, which takes a library of its own.
    private static void TryDraw()
    {
        using var sheet = new Sheet(64, 64, "VMBus", "");
        sheet.ToPng();
    }

    /// <summary>Writes a picture.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    public static void Write(string path, byte[] png)
    {
        try
        {
            File.WriteAllBytes(path, png);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot write '{path}': {e.Message}", e);
        }
    }
}
