namespace VmBus.Tool;

/// <summary>The file a picture goes to. Errors come as one line.</summary>
internal static class PlotFile
{
    /// <summary>Checks a name before a long run is made for it.</summary>
    /// <exception cref="UsageException">It is no PNG by its name, or its folder does not exist.</exception>
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
