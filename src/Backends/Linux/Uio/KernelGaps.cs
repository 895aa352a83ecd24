namespace VmBus.Linux;

/// <summary>What a kernel or a file system may lack, for tests of what is done then.</summary>
[Flags]
internal enum KernelGaps
{
    None = 0,

    /// <summary>No openat2: Linux before 5.6.</summary>
    NoResolving = 1,

    /// <summary>No O_TMPFILE: overlays of old kernels, network file systems.</summary>
    NoUnnamedFiles = 2,

    /// <summary>No RENAME_NOREPLACE: some network file systems.</summary>
    NoExclusiveRename = 4,
}
