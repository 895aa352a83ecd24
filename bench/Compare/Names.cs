namespace VmBus.Compare;

/// <summary>What the contenders are called in tables, files and pictures.</summary>
internal static class Names
{
    /// <summary>Our rings, read in place.</summary>
    public const string Ours = "ours";

    /// <summary>Our rings between sides that do not trust each other.</summary>
    public const string OursCopied = "ours, untrusted";

    /// <summary>Our rings as another build has them.</summary>
    public const string Before = "before";

    /// <summary>The same between sides that do not trust each other.</summary>
    public const string BeforeCopied = "before, untrusted";

    /// <summary>The floor in C.</summary>
    public const string Floor = "floor";

    /// <summary>DPDK's compiled library.</summary>
    public const string Dpdk = "DPDK";

    /// <summary>System.Threading.Channels.</summary>
    public const string Channel = "Channel<T>";
}
