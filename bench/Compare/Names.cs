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

    /// <summary>System.IO.Pipelines.</summary>
    public const string Pipelines = "Pipelines";

    /// <summary>A Unix socket.</summary>
    public const string Socket = "Unix socket";

    /// <summary>All of them. A peer's library has another.</summary>
    public static IReadOnlyList<string> All { get; } = [Ours, OursCopied, Before, BeforeCopied, Floor, Dpdk, Channel, Pipelines, Socket];

    /// <summary>Whether it is our code, in this build or another.</summary>
    public static bool IsOurs(string name) => name is Ours or OursCopied or Before or BeforeCopied;

    /// <summary>Whether our untrusted form is set beside it: it copies out too, or as a peer's library may.</summary>
    public static bool MayCopyOut(string name) => !IsOurs(name) && name is not (Floor or Channel);
}
