namespace VmBus.Testing;

/// <summary>A thread that runs one piece of straight-line code and ends.</summary>
internal sealed class Straight(string name, Straight.Code code) : Actor(name)
{
    /// <summary>The code; what it has found out it leaves in the locals.</summary>
    public delegate void Code(ModelThread thread, Span<byte> locals);

    public override bool Run(Span<byte> locals)
    {
        code(Thread, locals);
        return false;
    }
}
