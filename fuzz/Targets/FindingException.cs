namespace VmBus.Fuzz;

/// <summary>A ring or a component did what it must not do. Anything else that escapes a target is a finding too.</summary>
public sealed class FindingException : Exception
{
    /// <summary>Makes a finding.</summary>
    public FindingException(string message) : base(message)
    {
    }

    /// <summary>Throws unless the law holds.</summary>
    public static void Unless(bool law, string broken)
    {
        if (!law)
            throw new FindingException(broken);
    }
}
