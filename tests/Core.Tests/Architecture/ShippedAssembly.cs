using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace VmBus.Core.Tests.Architecture;

/// <summary>What the metadata of a compiled assembly says, read without loading it.</summary>
public sealed record ShippedAssembly(
    string Name, IReadOnlyList<string> References, IReadOnlyList<string> NativeMethods, IReadOnlyList<string> PublicTypes, bool AllowsUnsafe,
    IReadOnlyList<ShippedException> Exceptions)
{
    /// <summary>The assemblies of src, as they were built along with these tests.</summary>
    public static IReadOnlyList<ShippedAssembly> All { get; } =
    [
        .. new[] { typeof(VmBusException).Assembly.Location, Path.Combine(AppContext.BaseDirectory, "VmBus.Interop.dll") }
            .Concat(Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "shipped"), "*.dll").Order(StringComparer.Ordinal))
            .Select(Read),
    ];

    public static ShippedAssembly Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        return new ShippedAssembly(
            metadata.GetString(metadata.GetAssemblyDefinition().Name),
            [.. metadata.AssemblyReferences.Select(r => metadata.GetString(metadata.GetAssemblyReference(r).Name))],
            [.. metadata.MethodDefinitions.Select(metadata.GetMethodDefinition)
                .Where(m => m.Attributes.HasFlag(MethodAttributes.PinvokeImpl))
                .Select(m => $"{metadata.GetString(metadata.GetTypeDefinition(m.GetDeclaringType()).Name)}.{metadata.GetString(m.Name)}")],
            [.. metadata.TypeDefinitions.Select(metadata.GetTypeDefinition).Where(t => IsPublic(metadata, t))
                .Select(t => $"{metadata.GetString(t.Namespace)}.{metadata.GetString(t.Name)}")],
            // The compiler marks a module that was compiled with AllowUnsafeBlocks.
            metadata.GetModuleDefinition().GetCustomAttributes().Any(a => NameOf(metadata, a) == "UnverifiableCodeAttribute"),
            [.. metadata.TypeDefinitions.Select(metadata.GetTypeDefinition)
                .Where(t => metadata.GetString(t.Name).EndsWith("Exception", StringComparison.Ordinal) && !t.BaseType.IsNil)
                .Select(t => new ShippedException(metadata.GetString(t.Name), NameOf(metadata, t.BaseType), IsPublic(metadata, t)))]);
    }

    // A nested type is as public as what is around it.
    private static bool IsPublic(MetadataReader metadata, TypeDefinition type) =>
        (type.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic => IsPublic(metadata, metadata.GetTypeDefinition(type.GetDeclaringType())),
            _ => false,
        };

    private static string NameOf(MetadataReader metadata, EntityHandle type) =>
        metadata.GetString(type.Kind == HandleKind.TypeReference
            ? metadata.GetTypeReference((TypeReferenceHandle)type).Name
            : metadata.GetTypeDefinition((TypeDefinitionHandle)type).Name);

    private static string? NameOf(MetadataReader metadata, CustomAttributeHandle handle)
    {
        EntityHandle constructor = metadata.GetCustomAttribute(handle).Constructor;
        return constructor.Kind == HandleKind.MemberReference
            && metadata.GetMemberReference((MemberReferenceHandle)constructor).Parent is { Kind: HandleKind.TypeReference } type
            ? metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)type).Name)
            : null;
    }
}
