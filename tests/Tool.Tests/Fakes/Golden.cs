namespace VmBus.Tool.Tests.Fakes;

/// <summary>Text kept beside the tests. Run with VMBUS_WRITE_GOLDEN=folder to write it again, then look at the difference.</summary>
internal static class Golden
{
    public static void Check(string name, string actual)
    {
        if (Environment.GetEnvironmentVariable("VMBUS_WRITE_GOLDEN") is { Length: > 0 } folder)
            File.WriteAllText(Path.Combine(folder, name), actual);
        string expected = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", name));
        Assert.Equal(expected, actual, ignoreLineEndingDifferences: true);
    }
}
