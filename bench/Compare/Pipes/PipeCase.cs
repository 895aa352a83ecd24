namespace VmBus.Compare;

/// <summary>What all pipes that are compared have in common.</summary>
internal static class PipeCase
{
    /// <summary>The most a reader asks for, in bytes.</summary>
    public const int ReadLength = 16 * 1024;

    /// <summary>One thread: a batch of writes, and the reading of all of it, again and again. None of them waits.</summary>
    public static long Alternate(IContender pipe, int batch, int count)
    {
        long seen = 0;
        for (int i = 0; i < count; i += batch)
        {
            pipe.First(batch);
            long read = pipe.Second(batch);
            if (read < 0)
                return -1;
            seen += read;
        }

        return seen;
    }
}
