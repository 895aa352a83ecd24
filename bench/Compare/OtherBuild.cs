// Another build of ours in the same process, so that before and after are measured slice by slice and not run by run.

using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.Loader;
using System.Runtime.Versioning;

namespace VmBus.Compare;

/// <summary>A build of this program from another folder, loaded beside this one with its own rings.</summary>
/// <remarks>Its contender is found by name: a build whose <see cref="OurContender"/> is made differently is refused.</remarks>
[SupportedOSPlatform("linux")]
[RequiresUnreferencedCode("Loads assemblies that are not known when this one is trimmed.")]
internal sealed class OtherBuild : AssemblyLoadContext
{
    private readonly string _folder;
    private readonly ConstructorInfo _contender;
    private readonly ConstructorInfo _case;

    /// <summary>Loads a build.</summary>
    /// <param name="folder">Where its <c>VmBus.Compare.dll</c> is.</param>
    /// <exception cref="FormatException">There is no such build.</exception>
    public OtherBuild(string folder)
        : base($"the build in {folder}")
    {
        _folder = Path.GetFullPath(folder);
        if (!File.Exists(Path.Combine(_folder, "VmBus.Compare.dll")))
            throw new FormatException($"--before {folder}: there is no VmBus.Compare.dll.");
        Assembly other = LoadFromAssemblyPath(Path.Combine(_folder, "VmBus.Compare.dll"));
        _contender = Constructor(other, typeof(OurContender));
        _case = Constructor(other, typeof(Case));
    }

    /// <summary>Its contender.</summary>
    public IContender Create(Case @case, byte[] payload, PeerTrust trust)
    {
        object same = _case.Invoke([(int)@case.Shape, @case.Payload, @case.RingSize]);
        return new Contender(_contender.Invoke([same, payload, (int)trust]));
    }

    // Its own assemblies first; what it shares with this program is the framework.
    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string path = Path.Combine(_folder, $"{assemblyName.Name}.dll");
        return assemblyName.Name!.StartsWith("VmBus.", StringComparison.Ordinal) && File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }

    private static ConstructorInfo Constructor(Assembly other, Type ours)
    {
        string[] wanted = [.. ours.GetConstructors()[0].GetParameters().Select(parameter => parameter.ParameterType.FullName!)];
        return other.GetType(ours.FullName!)?.GetConstructors()
            .FirstOrDefault(constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType.FullName!).SequenceEqual(wanted))
            ?? throw new FormatException($"--before: that build has no {ours.Name}({string.Join(", ", wanted)}).");
    }

    /// <summary>Calls the other build's loops by delegates: one call a slice.</summary>
    private sealed class Contender(object contender) : IContender
    {
        private readonly Func<int, long> _alone = Loop(contender, nameof(Alone));
        private readonly Func<int, long> _first = Loop(contender, nameof(First));
        private readonly Func<int, long> _second = Loop(contender, nameof(Second));

        public long Alone(int count) => _alone(count);

        public long First(int count) => _first(count);

        public long Second(int count) => _second(count);

        public void Dispose() => ((IDisposable)contender).Dispose();

        [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "The type is one of the other build, which is not trimmed.")]
        private static Func<int, long> Loop(object contender, string name) =>
            contender.GetType().GetMethod(name)!.CreateDelegate<Func<int, long>>(contender);
    }
}
